public import ArgumentParser
import ControlAPI
import Foundation

/// Where the daemon is, by the names that tetra has for it.
public struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Socket of the daemon (else $SECD_SOCKET, else /run/secd/secd.sock).", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "A daemon's TCP address, with the three certificate options; or unix:///PATH.",
            valueName: "host:port"))
    var serverAddress: String?

    @Option(
        name: .customLong("tls-ca-cert-files"),
        help: ArgumentHelp("PEM: authorities of the daemon's certificate.", valueName: "path,…"))
    var tlsCACertFiles: [String] = []

    @Option(help: ArgumentHelp("PEM: your certificate.", valueName: "path"))
    var tlsCertFile: String?

    @Option(help: ArgumentHelp("PEM: its key.", valueName: "path"))
    var tlsKeyFile: String?

    @Option(
        help: ArgumentHelp("Name in the daemon's certificate, where it is not the host.", valueName: "name"))
    var tlsServerName: String?

    @Option(
        help: ArgumentHelp(
            "Longest wait for an answer (30s unless said), and for the connection of live events: 10s, 1m.",
            valueName: "span"))
    var timeout: String?

    @Option(
        help: ArgumentHelp(
            "Connect again this often where nobody answers at first, after 1, 2, 4 … seconds.",
            valueName: "count"))
    var retries = 0

    @Flag(help: ArgumentHelp("Accepted for users of tetra; without effect.", visibility: .hidden))
    var debug = false

    @Option(help: ArgumentHelp("Accepted for users of tetra; without effect.", visibility: .hidden))
    var maxRecvSize: Int?

    @Flag(help: ArgumentHelp("Accepted for users of tetra; without effect.", visibility: .hidden))
    var tlsSkipVerify = false

    public init() {}

    /// Refuses what contradicts itself or is incomplete before anything runs: that is wrong usage.
    public mutating func validate() throws {
        if let timeout, (Timestamp.parseSpan(timeout) ?? 0) <= 0 {
            throw ValidationError("--timeout \"\(timeout)\": write 500ms, 10s, 1m")
        }
        guard (0...RetryingDaemon.mostRetries).contains(retries) else {
            throw ValidationError("--retries takes a number from 0 to \(RetryingDaemon.mostRetries)")
        }
        if serverAddress == nil, tlsCertFile != nil || tlsKeyFile != nil || !tlsCACertFiles.isEmpty {
            throw ValidationError("certificates are for TCP: give --server-address HOST:PORT, too")
        }
        do {
            _ = try client(environment: [:])
        } catch let error as ClientError {
            throw ValidationError(error.description)
        }
    }

    /// Whether somebody said which daemon.
    var isGiven: Bool { socket != nil || serverAddress != nil }

    package func path(environment: [String: String]) -> String {
        if let socket { return socket }
        let inherited = environment["SECD_SOCKET", default: ""]
        return inherited.isEmpty ? "/run/secd/secd.sock" : inherited
    }

    /// The daemon that was asked for. Says on stderr which flags do nothing.
    /// - Throws: `ClientError` where the options do not lead to one.
    package func daemon(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> any Daemon {
        for sentence in withoutEffect { Output.remark(sentence) }
        let client = try client(environment: environment)
        return retries > 0 ? RetryingDaemon(client, retries: retries) : client
    }

    /// The same daemon, for policies. With `--retries` it is waited for first.
    func policyDaemon() async throws -> any PolicyDaemon {
        let daemon = try daemon()
        if retries > 0 { _ = try await daemon.configuration() }
        return try client(environment: ProcessInfo.processInfo.environment)
    }

    /// Flags that tetra has, and that change nothing here, with the reason.
    package var withoutEffect: [String] {
        var sentences: [String] = []
        if debug { sentences.append("--debug has no effect: secctl has no log of its own") }
        if maxRecvSize != nil {
            sentences.append("--max-recv-size has no effect: answers of up to 256 MiB are taken")
        }
        if tlsSkipVerify {
            sentences.append("--tls-skip-verify has no effect: the daemon's certificate is always checked")
        }
        return sentences
    }

    private func client(environment: [String: String]) throws -> AgentClient {
        let wait = timeout.flatMap(Timestamp.parseSpan).map { Duration.nanoseconds($0) }
        guard let serverAddress else {
            return AgentClient(socketPath: path(environment: environment), timeout: wait)
        }
        if socket != nil { throw ClientError("--socket and --server-address exclude each other") }
        if serverAddress.hasPrefix("unix://") {
            return AgentClient(
                socketPath: String(serverAddress.dropFirst("unix://".count)), timeout: wait)
        }
        guard let tlsCertFile, let tlsKeyFile, !tlsCACertFiles.isEmpty else {
            throw ClientError(
                "secd speaks TCP only with certificates on both sides: give --tls-ca-cert-files, "
                    + "--tls-cert-file and --tls-key-file")
        }
        return try AgentClient(
            address: serverAddress,
            tls: ClientTLS(
                caFiles: tlsCACertFiles.flatMap(EventFilterOptions.words), certificateFile: tlsCertFile,
                keyFile: tlsKeyFile, serverName: tlsServerName), timeout: wait)
    }
}

/// How a listing is shown, and whether in colour.
public struct DisplayOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "table or json.")
    var output: ListFormat = .table

    @Option(help: "Colour: auto (on a terminal, unless NO_COLOR is set), always, never.")
    var color: ColorMode = .auto

    public init() {}

    func palette(for output: Output) -> Palette {
        Palette(
            isOn: color.isOn(terminal: output.isTerminal, environment: ProcessInfo.processInfo.environment))
    }
}

extension ListFormat: ExpressibleByArgument {
    /// `text` is tetra's word for a table.
    package init?(argument: String) {
        self.init(rawValue: argument == "text" ? "table" : argument)
    }
}
extension ColorMode: ExpressibleByArgument {}
