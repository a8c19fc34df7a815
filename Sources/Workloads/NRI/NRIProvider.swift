public import LinuxSystem
import Synchronization
import SystemPackage
import WorkloadModel

/// Containers and pods of containerd or CRI-O by NRI (containerd/nri): the runtime calls its plugins, of which this is
/// one, while it makes a container, and waits for their answers. So the policies that select a container hold before its
/// first instruction, and its name is known before its cgroup is made.
public final class NRIProvider: WorkloadProvider {
    public let name = "nri"
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { connection?.raw }

    /// From the connection to the runtime's list, nanoseconds: it gives a plugin five seconds, and lists then.
    private static let patience: UInt64 = 15_000_000_000
    /// Before a socket that failed is tried again, at first and at most, nanoseconds: twice as long each time.
    private let shortestPause: UInt64
    private static let longestPause: UInt64 = 60_000_000_000
    /// Containers that wait for an answer at once: runtimes ask for one after the other.
    private static let mostWaiting = 64

    private let path: String
    private let cgroups: CgroupFiles
    private let admission: any ContainerAdmission
    private var connection: NRIConnection?
    private var session = NRISession()
    /// Until when the runtime must have listed what runs, monotonic; nil = it has.
    private var deadline: UInt64?
    /// The socket as it was at the last attempt, and when the next may be, monotonic.
    private var asked: FileStatus?
    private var nextAttempt: UInt64 = 0
    private var pause: UInt64
    private let waiting = WaitingCount()

    /// Containers whose answers are being made.
    private final class WaitingCount: Sendable {
        private let count = Atomic(0)

        var now: Int { count.load(ordering: .relaxed) }
        func begin() { count.add(1, ordering: .relaxed) }
        func end() { count.subtract(1, ordering: .relaxed) }
    }

    /// - Parameters:
    ///   - socket: path of NRI's socket.
    ///   - hierarchy: that of the containers' cgroups.
    ///   - admission: who is asked about containers that wait.
    public convenience init(socket: String, hierarchy: CgroupHierarchy, admission: any ContainerAdmission) {
        self.init(socket: socket, hierarchy: hierarchy, admission: admission, pause: 1_000_000_000)
    }

    /// - Parameter pause: before a socket that failed is tried again, at first.
    package init(socket: String, hierarchy: CgroupHierarchy, admission: any ContainerAdmission, pause: UInt64)
    {
        path = socket
        cgroups = CgroupFiles(hierarchy: hierarchy)
        self.admission = admission
        (shortestPause, self.pause) = (pause, pause)
    }

    deinit { connection?.end() }

    public func begin() -> [FoundWorkload] {
        if connection != nil {
            if let deadline, MonotonicClock.now >= deadline {
                lose(.failing("what listens at its socket does not register plugins"))
            }
            return []
        }
        guard let socket else {
            (state, asked) = (.absent, nil)
            return []
        }
        guard admission.isOpen else {
            state = .standby("policies are not in force yet")
            return []
        }
        // Who comes anew may start containers a moment later.
        guard socket != asked || MonotonicClock.now >= nextAttempt else { return [] }
        if socket != asked { pause = shortestPause }
        asked = socket
        connect()
        return []
    }

    private func connect() {
        do throws(Errno) {
            let opened = try NRIConnection(to: path)
            (connection, session) = (opened, NRISession())
            deadline = MonotonicClock.now &+ Self.patience
            opened.send(NRISession.registration)
        } catch {
            let isAbsent = error == .connectionRefused || error == .noSuchFileOrDirectory
            lose(isAbsent ? .absent : .failing("its socket cannot be used: \(error)"))
        }
    }

    /// The socket; nil where there is none.
    private var socket: FileStatus? {
        guard let status = try? FileStatus(path: path), status.kind == .socket else { return nil }
        return status
    }

    private func lose(_ state: ProviderState) {
        connection?.end()
        connection = nil
        deadline = nil
        self.state = state
        nextAttempt = MonotonicClock.now &+ pause
        pause = min(pause &* 2, Self.longestPause)
    }

    public func changes() -> [FoundWorkload] {
        guard let connection else {
            let socket = socket
            return socket != nil && (socket != asked || MonotonicClock.now >= nextAttempt) ? begin() : []
        }
        guard let bytes = connection.take() else {
            let reason = deadline == nil ? "the runtime ended the connection" : "the runtime took no plugin"
            lose(socket == nil ? .absent : .failing("\(reason); it is opened again"))
            return []
        }
        guard !bytes.isEmpty else { return [] }
        do throws(NRIFault) {
            var found: [FoundWorkload] = []
            for outcome in try session.take(bytes) { found += try follow(outcome, connection) }
            // Rules may have changed, and what came may not have been readable.
            if deadline == nil { state = connectedState }
            return found
        } catch {
            lose(.failing(error.description))
            return []
        }
    }

    private func follow(
        _ outcome: NRISession.Outcome, _ connection: NRIConnection
    ) throws(NRIFault) -> [FoundWorkload] {
        switch outcome {
        case .send(let message): connection.send(message)
        case .told(let workloads): return workloads.map { FoundWorkload($0) }
        case .starts(let subject, let stream): try answer(subject, stream, connection)
        case .isSynchronized:
            (deadline, pause) = (nil, shortestPause)
            state = connectedState
        case .ends: break
        }
        return []
    }

    private var connectedState: ProviderState {
        var reasons: [String] = []
        // CRI-O starts a container whatever plugins answer then.
        if admission.refuses, session.inventory.runtime == "cri-o" {
            reasons.append(
                "cri-o starts containers that workloads.hook-fail-closed refuses, too, when NRI says so; "
                    + "use secctl oci-hook for these")
        }
        if session.unreadable > 0 {
            reasons.append(
                "\(session.unreadable) of its pods and containers came in messages that cannot be read")
        }
        if session.inventory.unremembered > 0 {
            reasons.append(
                "there was no room for \(session.inventory.unremembered) of its pods and containers")
        }
        return reasons.isEmpty ? .connected : .partly(reasons.joined(separator: "; "))
    }

    public func end() {
        connection?.end()
        connection = nil
    }

    /// Asks about a container, and sends the answer when there is one. Nobody waits for it here: to find it out, this
    /// provider may be asked, too.
    private func answer(
        _ subject: NRIMessage.Subject?, _ stream: UInt32, _ connection: NRIConnection
    ) throws(NRIFault) {
        guard waiting.now < Self.mostWaiting else {
            throw NRIFault("it starts more than \(Self.mostWaiting) containers at once")
        }
        let start = NRIStart(
            subject, runtime: session.inventory.runtime, patience: session.configuration?.patience ?? 0,
            cgroups: cgroups)
        let (admission, waiting) = (admission, waiting)
        waiting.begin()
        Task.detached {
            await admission.admit(start) { connection.send(NRISession.answer(stream, refusal: $0)) }
            waiting.end()
        }
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let id = CgroupPathReader.place(of: question.path).id
        return id.isEmpty ? nil : session.inventory.find(id).map { FoundWorkload($0) }
    }
}
