/// Which labels count for an identity. Labels that differ from copy to copy of a workload would make an identity for
/// each copy.
public struct LabelFilter: Sendable {
    /// Finds a regular expression in a key: the bytes of the leftmost match where that begins the key.
    public typealias Matcher = @Sendable (_ key: String) -> Int?

    /// A pattern that is none.
    public struct Fault: Error, Equatable, CustomStringConvertible {
        /// As it was given.
        public var pattern: String
        /// What is wrong with it.
        public var reason: String

        public init(pattern: String, reason: String) {
            self.pattern = pattern
            self.reason = reason
        }

        public var description: String { "\"\(pattern)\": \(reason)" }
    }

    private struct Rule: Sendable {
        /// Nil = labels of all sources.
        var source: LabelSource?
        var excludes: Bool
        /// Bytes of the key that it matches from its begin.
        var match: Matcher
    }

    private let rules: [Rule]
    /// Whether a label needs a pattern that includes it.
    private let needsInclusion: Bool

    /// Cilium's defaults: the labels by which people tell workloads apart stay, those that controllers number copies
    /// with go.
    public static let standard = [
        #"reserved:.*"#, #"io\.kubernetes\.pod\.namespace"#, #"io\.cilium\.k8s\.namespace\.labels"#,
        #"io\.cilium\.k8s\.policy"#, #"app\.kubernetes\.io"#, #"!io\.kubernetes"#, #"!kubernetes\.io"#,
        #"!statefulset\.kubernetes\.io/pod-name"#, #"!apps\.kubernetes\.io/pod-index"#,
        #"!batch\.kubernetes\.io/job-completion-index"#, #"!batch\.kubernetes\.io/controller-uid"#,
        #"!.*beta\.kubernetes\.io"#, #"!k8s\.io"#, #"!pod-template-generation"#, #"!pod-template-hash"#,
        #"!controller-revision-hash"#, #"!annotation.*"#, #"!controller-uid"#, #"!etcd_node"#,
    ]

    /// - Parameters:
    ///   - patterns: beside the standard ones: `app`, `!app`, `k8s:app`, `k8s:!app`. With one that includes, all that
    ///     no pattern includes goes.
    ///   - compile: makes a matcher of a regular expression (RE2) that is more than plain text.
    /// - Throws: `Fault` for a pattern that is none.
    public init(
        _ patterns: [String] = [], compile: (String) throws(Fault) -> Matcher
    ) throws(Fault) {
        var rules: [Rule] = []
        for pattern in Self.standard { rules.append(try Self.rule(pattern, compile)) }
        let own = rules.count
        for pattern in patterns { rules.append(try Self.rule(pattern, compile)) }
        self.rules = rules
        needsInclusion = rules[own...].contains { !$0.excludes }
    }

    /// The labels that count.
    public func filtered(_ labels: some Sequence<Label>) -> [Label] { labels.filter(counts) }

    /// A label counts when what includes it matches more of its key than what excludes it; of several that exclude
    /// the shortest match is taken, of several that include the longest.
    public func counts(_ label: Label) -> Bool {
        var included = 0
        var excluded = 0
        for rule in rules where rule.source == nil || rule.source == label.source {
            guard let length = rule.match(label.key) else { continue }
            if !rule.excludes {
                included = max(included, length)
            } else if excluded == 0 || length < excluded {
                excluded = length
            }
        }
        return included > excluded || (!needsInclusion && excluded == 0)
    }

    private static func rule(
        _ pattern: String, _ compile: (String) throws(Fault) -> Matcher
    ) throws(Fault) -> Rule {
        var rest = pattern[...]
        var source: LabelSource?
        if let colon = rest.firstIndex(of: ":") {
            if colon > rest.startIndex { source = LabelSource(rawValue: String(rest[..<colon])) }
            rest = rest[rest.index(after: colon)...]
        }
        let excludes = rest.first == "!"
        if excludes { rest = rest.dropFirst() }
        guard !rest.isEmpty else {
            throw Fault(
                pattern: pattern, reason: "there is no expression; like k8s:app or !pod-template-hash")
        }
        if let plain = literal(rest) {
            let count = plain.count
            return Rule(source: source, excludes: excludes) { $0.utf8.starts(with: plain) ? count : nil }
        }
        do throws(Fault) {
            return Rule(source: source, excludes: excludes, match: try compile(String(rest)))
        } catch {
            throw Fault(pattern: pattern, reason: error.reason)
        }
    }

    /// The text that an expression stands for where it is no more than a text; nil where it is.
    private static func literal(_ expression: Substring) -> [UInt8]? {
        var plain: [UInt8] = []
        var rest = expression.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                // An escaped letter or digit means something else.
                guard let next = rest.popFirst(), next < 0x80, !isWord(next) else { return nil }
                plain.append(next)
            case _ where isWord(byte), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                plain.append(byte)
            default: return nil
            }
        }
        return plain
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
