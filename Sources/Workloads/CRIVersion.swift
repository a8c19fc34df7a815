import TextEncoding

/// `VersionResponse` of the CRI: which runtime answers.
package struct CRIVersion: Sendable, Hashable {
    /// As the runtime calls itself: containerd, cri-o.
    package private(set) var runtime = ""
    /// Of the runtime: `2.0.4`, `v2.1.1-k3s1`, `1.6.20~ds1`.
    package private(set) var version = ""

    package init(_ bytes: [UInt8]) {
        for field in ProtobufReader.fields(bytes[...]) {
            if field.number == 2 { runtime = String(field.value.text.prefix(Self.longest)) }
            if field.number == 3 { version = String(field.value.text.prefix(Self.longest)) }
        }
    }

    /// Characters of a name or version: both are shown.
    private static let longest = 64

    /// Whether each of several clients is told all events. Older ones divide them among their clients: what we were told
    /// a kubelet would miss. Nothing but the version tells, because a try takes events away (containerd issue 7318, cri-o
    /// issue 6466).
    package var sharesEvents: Bool {
        switch runtime {
        case "containerd": isAtLeast(2, 0)
        case "cri-o": isAtLeast(1, 29)
        default: false
        }
    }

    private func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        let numbers = version.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false)
            .prefix(2).map { Int($0.prefix { $0.isASCII && $0.isNumber }) ?? -1 }
        guard numbers.count == 2 else { return false }
        return (numbers[0], numbers[1]) >= (major, minor)
    }
}
