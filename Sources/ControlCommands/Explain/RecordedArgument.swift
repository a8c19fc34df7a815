import Foundation
import JSONTree
import PolicyModel

/// What an argument of an event (`{"file_arg":{"path":…}}`) says about the facets of a column. What it does not say
/// counts as not readable.
enum RecordedArgument {
    static func values(_ argument: JSONValue) -> [Facet: Observed<FieldValue>] {
        let named = argument.members.first { $0.key.hasSuffix("_arg") || $0.key == "syscall_id" }
        guard let (key, value) = named else { return [:] }
        switch key {
        case "string_arg": return [.text: .present(text(value)), .path: .present(text(value))]
        case "int_arg", "long_arg", "uint_arg", "size_arg":
            return number(value).map { [.number: .present($0)] } ?? [:]
        case "capability_arg": return [.number: .present(number(value["value"]) ?? .number(0))]
        case "syscall_id": return number(value["id"]).map { [.number: .present($0)] } ?? [:]
        case "path_arg", "file_arg", "linux_binprm_arg": return file(value)
        case "net_dev_arg", "module_arg": return [.text: .present(text(value["name"]))]
        case "bytes_arg": return bytes(value).map { [.text: .present($0)] } ?? [:]
        case "truncated_bytes_arg": return bytes(value["bytes_arg"]).map { [.text: .truncated($0)] } ?? [:]
        case "sock_arg", "skb_arg": return socket(value)
        case "sockaddr_arg": return address(value)
        case "sockaddrun_arg":
            var values = name(value["family"], .family, KernelNames.families)
            values[.path] = .present(text(value["path"]))
            return values
        default:
            // Sets of capabilities are hexadecimal digits.
            guard key.contains("cap"), let mask = UInt64(value.textOrEmpty, radix: 16) else { return [:] }
            return [.number: .present(.number(mask))]
        }
    }

    private static func text(_ value: JSONValue) -> FieldValue { .text(Array(value.textOrEmpty.utf8)) }

    private static func bytes(_ value: JSONValue) -> FieldValue? {
        Data(base64Encoded: value.textOrEmpty).map { .text(Array($0)) }
    }

    private static func number(_ value: JSONValue) -> FieldValue? {
        if let unsigned = value.unsigned { return .number(unsigned) }
        return value.signed.map { .number(UInt64(bitPattern: $0)) }
    }

    private static func file(_ value: JSONValue) -> [Facet: Observed<FieldValue>] {
        var values: [Facet: Observed<FieldValue>] = [:]
        let flags = value["flags"].textOrEmpty
        if !flags.contains("unreadable"), !flags.contains("unresolved") {
            values[.path] = .present(text(value["path"]))
        }
        let types: [Character: UInt64] = [
            "-": 0x8000, "d": 0x4000, "l": 0xa000, "c": 0x2000, "b": 0x6000, "p": 0x1000, "s": 0xc000,
        ]
        if let type = value["permission"].textOrEmpty.first.flatMap({ types[$0] }) {
            values[.fileType] = .present(.number(type))
        }
        return values
    }

    private static func socket(_ value: JSONValue) -> [Facet: Observed<FieldValue>] {
        var values = name(value["family"], .family, KernelNames.families)
        values.merge(name(value["protocol"], .protocolNumber, KernelNames.protocols)) { $1 }
        values.merge(name(value["state"], .socketState, KernelNames.socketStates)) { $1 }
        end(value["saddr"], value["sport"], .sourceAddress, .sourcePort, &values)
        end(value["daddr"], value["dport"], .destinationAddress, .destinationPort, &values)
        return values
    }

    private static func address(_ value: JSONValue) -> [Facet: Observed<FieldValue>] {
        var values = name(value["family"], .family, KernelNames.families)
        end(value["addr"], value["port"], .sourceAddress, .sourcePort, &values)
        return values
    }

    /// An end without an address has no port either.
    private static func end(
        _ address: JSONValue, _ port: JSONValue, _ addressFacet: Facet, _ portFacet: Facet,
        _ values: inout [Facet: Observed<FieldValue>]
    ) {
        guard let bytes = octets(address.textOrEmpty) else {
            values[addressFacet] = .absent
            values[portFacet] = .absent
            return
        }
        values[addressFacet] = .present(.address(bytes))
        // A port of 0 is left out of the line.
        values[portFacet] = .present(.number(port.unsigned ?? 0))
    }

    private static func name(
        _ value: JSONValue, _ facet: Facet, _ numbers: [String: UInt64]
    ) -> [Facet: Observed<FieldValue>] {
        guard let number = numbers[value.textOrEmpty] ?? value.unsigned else { return [:] }
        return [facet: .present(.number(number))]
    }

    private static func octets(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            return unsafe withUnsafeBytes(of: four) { unsafe Array($0) }
        }
        var sixteen = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        return unsafe withUnsafeBytes(of: sixteen) { unsafe Array($0) }
    }
}
