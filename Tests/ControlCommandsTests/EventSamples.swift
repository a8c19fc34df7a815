import ControlCommands

/// Lines as secd writes them, short of what no test needs.
enum EventSamples {
    static let web = #""pod":{"namespace":"demo","name":"web"}"#
    static let curl =
        #"{"exec_id":"bjE6NzAwOjkwMQ==","pid":901,"uid":0,"cwd":"/srv","binary":"/usr/bin/curl","arguments":"-s http://10.0.0.7/",\#(web)}"#
    static let shell = #"{"exec_id":"bjE6NjAwOjkwMQ==","pid":901,"binary":"/bin/sh",\#(web)}"#
    static let ancestors =
        #"[{"exec_id":"bjE6NTAwOjgxMg==","pid":812,"binary":"/usr/sbin/nginx"},{"exec_id":"bjE6MTox","pid":1,"binary":"/lib/systemd/systemd"}]"#
    static let actors = #""process":\#(curl),"parent":\#(shell),"ancestors":\#(ancestors)"#
    static let inet =
        #""cookie":"123","family":"AF_INET","type":"SOCK_STREAM","protocol":"IPPROTO_TCP","local":{"address":"10.0.0.1","port":1234},"remote":{"address":"10.0.0.7","port":80,"name":"api.demo"},"user":"bjE6NzAwOjkwMQ=="}"#

    static func line(_ kind: String, _ body: String, envelope: String = "") -> String {
        #"{"\#(kind)":{\#(body)},"node_name":"n1","time":"2026-11-21T12:40:01.123456789Z"\#(envelope)}"#
    }

    static func socket(_ kind: String, _ more: String = "", _ socket: String = inet) -> String {
        let fields = more.isEmpty ? socket : String(socket.dropLast()) + "," + more + "}"
        return line(kind, actors + #","socket":{"# + fields)
    }

    static func file(_ kind: String, _ fields: String) -> String {
        line(kind, actors + #","file":{"path":"/etc/x",\#(fields)}"#)
    }

    static func render(_ json: String, wide: Bool = false, color: Bool = false) throws -> String {
        let renderer = EventRenderer(wide: wide, palette: Palette(isOn: color), clock: .timeOfDay { _ in 0 })
        return renderer.line(for: try EventLine(parsing: json))
    }

    /// The event with what stands below it, by lines.
    static func lines(
        _ json: String, wide: Bool = false, stacks: Bool = false, hashes: Bool = false, color: Bool = false
    ) throws -> [String] {
        let renderer = EventRenderer(
            wide: wide, stacks: stacks, hashes: hashes, palette: Palette(isOn: color),
            clock: .timeOfDay { _ in 0 })
        return renderer.text(for: try EventLine(parsing: json)).split(separator: "\n").map(String.init)
    }
}
