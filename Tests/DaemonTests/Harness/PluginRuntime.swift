import Glibc
import TextEncoding
import Workloads

/// A runtime's end of NRI, as containerd speaks it: takes a plugin, and asks it before containers start. Who makes and
/// starts them is the test.
final class PluginRuntime {
    /// A container that was made and waits.
    struct Container {
        var id: String
        /// In its pod.
        var name = "app"
        var process: Int
        /// Of its OCI configuration.
        var cgroup: String
        var namespace = "shop"
        /// Of its pod.
        var labels: [String: String] = [:]
    }

    private let listener: Int32
    private var connection: Int32 = -1
    private var inbox = TTRPCInbox()
    private var received: [TTRPCMessage] = []
    private var stream: UInt32 = 1

    /// Listens at a path.
    init(_ path: String) throws {
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(listener, 8) == 0 else { throw Failure("cannot listen at \(path)") }
    }

    deinit {
        if connection >= 0 { close(connection) }
        close(listener)
    }

    /// Waits for a plugin, and tells it that nothing runs.
    func takePlugin() throws {
        guard Self.isReadable(listener) else { throw Failure("no plugin comes") }
        connection = accept(listener, nil, nil)
        let registration = try receive()
        let call = try TTRPCCall(registration.data)
        guard registration.connection == .runtime, call.method == "RegisterPlugin" else {
            throw Failure("a plugin does not register: \(call)")
        }
        send(TTRPCMessage(.runtime, .response, stream: registration.stream, []))
        // Of the runtime and its version; two seconds for a registration and for an answer.
        let configuration = Self.text(2, "containerd") + Self.text(3, "1.7.24") + Self.number(5, 2000)
        _ = try ask("Configure", configuration)
        _ = try ask("Synchronize", [])
    }

    /// Ends the connection.
    func dropPlugin() {
        close(connection)
        (connection, inbox, received, stream) = (-1, TTRPCInbox(), [], 1)
    }

    /// Asks whether a container may start.
    func start(_ container: Container) throws -> TTRPCAnswer {
        let sandbox = "sandbox-of-" + container.id
        var pod = Self.text(1, sandbox) + Self.text(2, "web-1") + Self.text(3, "u-1")
        pod += Self.text(4, container.namespace)
        for (key, value) in container.labels { pod += Self.entry(5, key, value) }
        var described = Self.text(1, container.id) + Self.text(2, sandbox) + Self.text(3, container.name)
        described += Self.entry(6, "io.kubernetes.cri.image-name", "localhost/box:1")
        described += Self.message(11, Self.text(5, container.cgroup))
        described += Self.number(12, container.process)
        let event = Self.number(1, 6) + Self.message(2, pod) + Self.message(3, described)
        return try ask("StateChange", event)
    }

    private func ask(_ method: String, _ payload: [UInt8]) throws -> TTRPCAnswer {
        defer { stream += 2 }
        send(
            TTRPCMessage(
                .plugin, .request, stream: stream,
                TTRPCCall(NRIMessage.pluginService, method, payload).bytes))
        let answer = try receive()
        guard answer.connection == .plugin, answer.kind == .response, answer.stream == stream else {
            throw Failure("a plugin answers \(method) with \(answer)")
        }
        return try TTRPCAnswer(answer.data)
    }

    private func send(_ message: TTRPCMessage) {
        let frame = message.frame
        _ = unsafe Glibc.send(connection, frame, frame.count, Int32(MSG_NOSIGNAL))
    }

    private func receive() throws -> TTRPCMessage {
        while received.isEmpty {
            guard Self.isReadable(connection) else { throw Failure("a plugin says nothing") }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(connection, &buffer, buffer.count)
            guard count > 0 else { throw Failure("a plugin has hung up") }
            received = try inbox.take(Array(buffer[..<count]))
        }
        return received.removeFirst()
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, 30_000) == 1
    }

    private static func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        ProtobufReader.message(field, bytes)
    }

    private static func text(_ field: UInt8, _ value: String) -> [UInt8] { message(field, Array(value.utf8)) }

    private static func entry(_ field: UInt8, _ key: String, _ value: String) -> [UInt8] {
        message(field, text(1, key) + text(2, value))
    }

    private static func number(_ field: UInt8, _ value: Int) -> [UInt8] {
        var bytes = [field << 3]
        var rest = UInt64(max(0, value))
        repeat {
            bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
}
