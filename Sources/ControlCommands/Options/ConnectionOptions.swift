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

    public init() {}

    /// Whether somebody said which daemon.
    var isGiven: Bool { socket != nil || serverAddress != nil }

    package func path(environment: [String: String]) -> String {
        if let socket { return socket }
        let inherited = environment["SECD_SOCKET", default: ""]
        return inherited.isEmpty ? "/run/secd/secd.sock" : inherited
    }

    /// The daemon that was asked for.
    /// - Throws: `ClientError` where the options do not lead to one.
    package func daemon(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> any Daemon {
        guard let serverAddress else { return AgentClient(socketPath: path(environment: environment)) }
        if socket != nil { throw ClientError("--socket and --server-address exclude each other") }
        if serverAddress.hasPrefix("unix://") {
            return AgentClient(socketPath: String(serverAddress.dropFirst("unix://".count)))
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
                keyFile: tlsKeyFile, serverName: tlsServerName))
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

extension ListFormat: ExpressibleByArgument {}
extension ColorMode: ExpressibleByArgument {}
