public import ArgumentParser
import ControlAPI
import Foundation

/// Where the daemon is.
public struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Socket of the daemon (else $SECD_SOCKET, else /run/secd/secd.sock).", valueName: "path"))
    var socket: String?

    public init() {}

    package func path(environment: [String: String]) -> String {
        if let socket { return socket }
        let inherited = environment["SECD_SOCKET", default: ""]
        return inherited.isEmpty ? "/run/secd/secd.sock" : inherited
    }

    func daemon() -> any Daemon {
        AgentClient(socketPath: path(environment: ProcessInfo.processInfo.environment))
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
