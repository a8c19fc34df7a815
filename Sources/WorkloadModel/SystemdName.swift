/// Names that systemd gives to cgroups.
enum SystemdName {
    private static let kinds = [".service", ".scope", ".socket", ".mount", ".swap"]

    /// The name of a unit, or nil where a cgroup is none.
    static func unit(_ name: Substring) -> String? {
        for kind in kinds where name.hasSuffix(kind) && name.utf8.count > kind.utf8.count {
            return unescaped(name)
        }
        return nil
    }

    /// `machine-web.scope`, `systemd-nspawn@web.service`, `machine-qemu\x2d1\x2dweb.scope`.
    static func machine(_ name: Substring) -> (name: String, runtime: String)? {
        if name.hasPrefix("systemd-nspawn@"), name.hasSuffix(".service") {
            let inner = name.dropFirst("systemd-nspawn@".count).dropLast(".service".count)
            return inner.isEmpty ? nil : (unescaped(inner), "nspawn")
        }
        guard name.hasPrefix("machine-"), name.hasSuffix(".scope") else { return nil }
        let inner = unescaped(name.dropFirst("machine-".count).dropLast(".scope".count))
        guard !inner.isEmpty else { return nil }
        // libvirt: driver, number of the domain, name.
        let parts = inner.split(separator: "-", maxSplits: 2)
        if parts.count == 3, ["qemu", "lxc"].contains(parts[0]), UInt32(parts[1]) != nil {
            return (String(parts[2]), "libvirt")
        }
        return (inner, "nspawn")
    }

    /// The number between two texts that make the whole name otherwise.
    static func number(_ name: Substring, between prefix: String, and suffix: String) -> UInt32? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        return UInt32(name.dropFirst(prefix.count).dropLast(suffix.count))
    }

    /// A name without systemd's escapes (`\x2d` is a dash). What is no text of UTF-8 then stays as it was.
    static func unescaped(_ name: Substring) -> String {
        guard name.contains("\\") else { return String(name) }
        var bytes: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count > 2,
                let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self) ?? String(name)
    }
}
