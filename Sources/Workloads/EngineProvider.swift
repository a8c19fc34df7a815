import FoundationEssentials
import LinuxSystem
import WorkloadModel

/// Containers of Docker, or of Podman by the same API: names, images and labels over a Unix socket.
public final class EngineProvider: WorkloadProvider {
    public let name: String
    public private(set) var state = ProviderState.absent

    /// Containers that are remembered at most.
    private static let mostContainers = 16_384
    /// Bytes of one event.
    private static let longestEvent = 1 << 20

    private let socket: HTTPSocket
    private var known: [String: Workload] = [:]
    private var events: OwnedSocket?
    private var unread: [UInt8] = []

    /// - Parameters:
    ///   - name: of the engine: docker, podman.
    ///   - socket: path of its API.
    public init(name: String, socket: String) {
        self.name = name
        self.socket = HTTPSocket(path: socket)
    }

    /// The engines of a machine, where they listen by default.
    public static var usual: [EngineProvider] {
        [
            EngineProvider(name: "docker", socket: "/run/docker.sock"),
            EngineProvider(name: "podman", socket: "/run/podman/podman.sock"),
        ]
    }

    public var descriptor: Int32? { events?.raw }

    /// `{"type":["container"]}`, escaped.
    private static let filter = "%7B%22type%22%3A%5B%22container%22%5D%7D"

    public func begin() -> [FoundWorkload] {
        events = nil
        unread = []
        do throws(HTTPSocket.Failure) {
            // First, so that nothing that comes meanwhile is missed.
            let stream = try socket.stream("/events?filters=" + Self.filter)
            let list = try socket.get("/containers/json")
            guard let containers = try? JSONDecoder().decode([EngineAnswer.Listed].self, from: Data(list))
            else {
                state = .failing("its list of containers cannot be read")
                return []
            }
            events = stream.socket
            unread = stream.begin
            state = .connected
            known = [:]
            for container in containers.prefix(Self.mostContainers) { keep(container.workload(name)) }
            return known.values.map { FoundWorkload($0) }
        } catch {
            state = Self.state(error)
            return []
        }
    }

    private static func state(_ failure: HTTPSocket.Failure) -> ProviderState {
        switch failure {
        case .absent: .absent
        case .timeout: .failing("its socket does not answer")
        case .tooLong: .failing("its answer is longer than any that is expected")
        case .notHTTP: .failing("what listens at its socket does not speak HTTP")
        case .status(let status): .failing("it answers with status \(status)")
        case .system(let error): .failing("its socket cannot be used: \(error)")
        }
    }

    public func changes() -> [FoundWorkload] {
        guard let events else { return [] }
        guard let bytes = events.take(65_536) else {
            // The engine went, or restarts.
            self.events = nil
            state = .absent
            return []
        }
        unread += bytes
        var found: [FoundWorkload] = []
        while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Array(unread[..<end])
            unread.removeFirst(end + 1)
            if let one = take(line) { found.append(one) }
        }
        if unread.count > Self.longestEvent {
            self.events = nil
            state = .failing("its events are longer than any that is expected")
        }
        return found
    }

    private func take(_ line: [UInt8]) -> FoundWorkload? {
        guard let event = try? JSONDecoder().decode(EngineAnswer.Event.self, from: Data(line)),
            let id = event.Actor?.ID ?? event.id
        else { return nil }
        switch event.Action ?? event.status ?? "" {
        case "start", "rename", "update": return inspect(id).map { FoundWorkload($0) }
        case "destroy", "remove":
            known[id] = nil
            return nil
        default: return nil
        }
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let place = CgroupPathReader.place(of: question.path)
        guard place.kind == .container, !place.id.isEmpty, state == .connected else { return nil }
        return (known[place.id] ?? inspect(place.id)).map { FoundWorkload($0) }
    }

    private func inspect(_ id: String) -> Workload? {
        // Ids are put into a path: nothing but what engines draw.
        guard id.utf8.count <= 128, id.utf8.allSatisfy(Self.isPlain) else { return nil }
        do throws(HTTPSocket.Failure) {
            let answer = try socket.get("/containers/\(id)/json")
            guard let container = try? JSONDecoder().decode(EngineAnswer.Inspected.self, from: Data(answer))
            else { return nil }
            let workload = container.workload(name)
            keep(workload)
            return workload
        } catch {
            return nil
        }
    }

    private func keep(_ workload: Workload) {
        if known.count < Self.mostContainers || known[workload.id] != nil { known[workload.id] = workload }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
