import SecurityIdentity

/// Where identities stand in etcd. As Cilium lays them out:
///
///     PREFIX/id/256                 = k8s:app=web;        what a number stands for
///     PREFIX/value/k8s:app=web;/n1  = 256                 that node n1 uses it; with the node's lease
///
/// and of our own, so that labels have one number without a lock:
///
///     PREFIX/number/k8s:app=web;    = 256
///     PREFIX/collector              = n1                  the node that gives numbers back; with its lease
struct EtcdKeys: Sendable {
    private let prefix: [UInt8]
    private let node: [UInt8]

    /// - Parameters:
    ///   - prefix: without a slash at its end.
    ///   - node: name of this node.
    init(prefix: String, node: String) {
        self.prefix = Array(prefix.utf8)
        // A slash would end the labels early.
        self.node = Array(node.replacing("/", with: "_").utf8)
    }

    /// Before all numbers.
    var identities: [UInt8] { prefix + "/id/".utf8 }
    /// Before all users.
    var users: [UInt8] { prefix + "/value/".utf8 }
    var collector: [UInt8] { prefix + "/collector".utf8 }
    /// This node, as a value.
    var nodeName: [UInt8] { node }

    func identity(_ number: NumericIdentity) -> [UInt8] { identities + value(number) }

    func number(_ labels: LabelSet) -> [UInt8] { prefix + "/number/".utf8 + labels.keyBytes }

    /// Before all nodes that use some labels.
    func users(of labels: LabelSet) -> [UInt8] { users + labels.keyBytes + "/".utf8 }

    /// This node.
    func user(of labels: LabelSet) -> [UInt8] { users(of: labels) + node }

    /// A number as a value.
    func value(_ number: NumericIdentity) -> [UInt8] { Array(String(number.rawValue).utf8) }

    /// The number in a value; nil where it is none.
    static func number(_ value: some Collection<UInt8>) -> NumericIdentity? {
        guard value.count <= 10, let text = String(validating: value, as: UTF8.self),
            text.allSatisfy(\.isASCII), let number = UInt32(text), number > 0
        else { return nil }
        return NumericIdentity(rawValue: number)
    }

    /// What a key below `identities` and its value say; nil where they are none of ours.
    func binding(_ pair: EtcdPair) -> IdentityBinding? {
        guard let number = number(ofKey: pair.key), let labels = try? LabelSet(key: pair.value) else {
            return nil
        }
        return IdentityBinding(number, labels)
    }

    /// The number that a key below `identities` is of.
    func number(ofKey key: [UInt8]) -> NumericIdentity? {
        guard key.starts(with: identities) else { return nil }
        return Self.number(key[identities.count...])
    }
}
