import BPFRuntime
import PolicyCompiler
import PolicyModel

/// Which `#!` file a process runs, kept in the kernel while a generation asks for files of processes.
final class Scripts {
    private let map: SharedBPFMap
    private var programs: [LoadedPrograms] = []
    private var execs: BPFLink?
    private var forks: BPFLink?

    private static let onExec = "on_exec_script"
    private static let onFork = "on_fork_script"

    init(_ map: SharedBPFMap) { self.map = map }

    /// From here on images bring their scripts. Of processes that began before it is what procfs says.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    func follow(_ engine: EnginePrograms) throws(BPFError) {
        guard execs == nil || forks == nil else { return }
        let loaded = (try engine.common(Self.onExec), try engine.common(Self.onFork))
        programs = [loaded.0, loaded.1]
        let seed = ScriptSeed(map)
        seed.clear()
        execs = try loaded.0.file.attach(Self.onExec)
        forks = try loaded.1.file.attach(Self.onFork)
        seed.write()
    }

    /// No generation asks any more.
    func stop() {
        execs = nil
        forks = nil
    }
}

extension Generation {
    /// Whether a rule asks for files that processes run, their own or those of others above them.
    var asksForFiles: Bool {
        processTables.contains { $0.fact.isFile } || lineageTables.contains { $0.fact == .binary }
    }
}
