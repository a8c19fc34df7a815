import BPFRuntime
import CEventABI
public import FilePrevention
import LinuxSystem
import SystemPackage

/// What the asking about files needs of the daemon.
public struct FileSettings: Sendable {
    /// Keeps groups over a restart; nil = nobody does.
    public var keeper: FilePrevention.Keeper?
    /// Groups that a daemon before this one has left; they are closed when the first policies run.
    public var adopting: [Int32] = []
    /// As `FilePrevention.Options` has them.
    public var options = FilePrevention.Options()
    /// Told when questions begin to be asked.
    public var made: @Sendable (FilePrevention) -> Void = { _ in }
    /// Told what somebody should read; from any thread.
    public var tell: @Sendable (FileTrouble) -> Void = { _ in }

    public init() {}
}

/// fanotify and the program that judges what it asks: made when a policy first needs it.
final class FileEngine {
    private let programs: EnginePrograms
    private let settings: FileSettings
    private var prevention: FilePrevention?
    private var failure: String?

    init(_ programs: EnginePrograms, _ settings: FileSettings) {
        self.programs = programs
        self.settings = settings
    }

    deinit { prevention?.stop() }

    /// Why files cannot be asked about here; nil = they can. Makes what is missing.
    func obstacle() -> String? {
        if prevention != nil { return nil }
        if let failure { return failure }
        failure = make()
        return failure
    }

    private func make() -> String? {
        if let obstacle = FilePrevention.obstacle { return obstacle }
        do throws(BPFError) {
            let judge = try SubjectJudge(programs)
            return start(judge)
        } catch {
            return "its questions cannot be judged: \(error)"
        }
    }

    private func start(_ judge: SubjectJudge) -> String? {
        do throws(Errno) {
            let made = try FilePrevention(
                judge, settings.options, keeper: settings.keeper, adopting: settings.adopting,
                tell: settings.tell)
            prevention = made
            settings.made(made)
            return nil
        } catch {
            return "its threads cannot be started: \(error.description)"
        }
    }

    /// Asks about what the next generation wants, too.
    func prepare(_ wanted: [WantedFiles], _ hooks: [FileHook]) throws(FilePreventionFailure) {
        try prevention?.prepare(wanted, hooks)
    }

    /// The next generation runs.
    func settle() {
        prevention?.settle()
    }

    /// It does not come.
    func abandon() { prevention?.abandon() }
}

/// Judges questions by the tables of the generation that runs, in the kernel.
@safe
final class SubjectJudge: FileJudge, @unchecked Sendable {
    // @unchecked: one thread asks.

    private static let program = "on_file"

    private let runner: ProgramRunner
    private let subject: MappedArray<secd_policy_subject>

    init(_ programs: EnginePrograms) throws(BPFError) {
        let file = try programs.subjectProgram(Self.program)
        subject = try MappedArray(try file.openMap("secd_policy_subject"))
        runner = try ProgramRunner(file, Self.program)
    }

    func judge(_ question: borrowing FileQuestion) -> FileVerdict {
        let subject = unsafe subject.address
        unsafe subject.pointee.hook = question.hook
        unsafe subject.pointee.tid = UInt32(bitPattern: question.thread)
        unsafe subject.pointee.descriptor = question.descriptor
        // The file itself is read from its descriptor, so its argument counts as known.
        var known: UInt32 = 1 << UInt32(question.fileArgument & 7)
        if question.accessArgument >= 0 {
            known |= 1 << UInt32(question.accessArgument & 7)
            let access = question.access
            let place = (question.accessArgument & 7) * 8
            unsafe withUnsafeMutableBytes(of: &subject.pointee.arguments) { bytes in
                unsafe bytes.storeBytes(of: access, toByteOffset: place, as: UInt64.self)
            }
        }
        unsafe subject.pointee.known = known
        let length = unsafe min(question.name.count, Int(SECD_POLICY_SUBJECT_NAME_MAX))
        unsafe subject.pointee.name_length = UInt32(length)
        if let start = unsafe question.name.baseAddress {
            unsafe withUnsafeMutableBytes(of: &subject.pointee.name) { bytes in
                unsafe bytes.baseAddress?.copyMemory(from: start, byteCount: length)
            }
        }
        guard let result = runner.run(), result & SECD_POLICY_SUBJECT_JUDGED != 0 else { return .unjudged }
        return result & UInt32(SECD_POLICY_SUBJECT_ERRNO) == 0 ? .allowed : .refused
    }
}
