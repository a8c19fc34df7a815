import TextEncoding

/// Requests of etcd's gRPC API, version 3 (etcdserverpb/rpc.proto): the few that identities need, by the numbers of their
/// fields.
enum EtcdRequest {
    /// A key, or all from `key` to before `end`.
    struct Range {
        var key: [UInt8]
        /// Empty = only `key`.
        var end: [UInt8] = []
        /// 0 = all.
        var limit: UInt64 = 0
        /// 0 = the newest.
        var revision: UInt64 = 0
        var countsOnly = false

        /// All keys that begin with some bytes.
        init(prefix: [UInt8]) {
            key = prefix
            end = Self.end(of: prefix)
        }

        init(_ key: [UInt8]) { self.key = key }

        /// The first key behind all that begin with `prefix`.
        static func end(of prefix: [UInt8]) -> [UInt8] {
            var end = prefix
            while let last = end.popLast() {
                if last < 0xff { return end + [last + 1] }
            }
            return [0]
        }

        var message: [UInt8] {
            var fields = EtcdFields()
            fields.bytes(1, key)
            fields.bytes(2, end)
            fields.number(3, limit)
            fields.number(4, revision)
            fields.number(9, countsOnly ? 1 : 0)
            return fields.finish()
        }
    }

    /// What must hold for a transaction to be done.
    enum Condition {
        /// There is no such key.
        case absent([UInt8])
        /// There is no key that begins so.
        case nonePrefixed([UInt8])
        case value(of: [UInt8], [UInt8])

        fileprivate var message: [UInt8] {
            var fields = EtcdFields()
            switch self {
            case .absent(let key):
                fields.number(2, 1)
                fields.bytes(3, key)
                fields.number(5, 0, isWrittenAlways: true)
            case .nonePrefixed(let prefix):
                fields.number(2, 1)
                fields.bytes(3, prefix)
                fields.number(5, 0, isWrittenAlways: true)
                fields.bytes(64, Range.end(of: prefix))
            case .value(let key, let value):
                fields.number(2, 3)
                fields.bytes(3, key)
                fields.bytes(7, value, isWrittenAlways: true)
            }
            return fields.finish()
        }
    }

    /// A part of a transaction.
    enum Operation {
        case get([UInt8])
        /// Lease 0 = it stays.
        case put([UInt8], value: [UInt8], lease: UInt64)
        case delete([UInt8])

        fileprivate var message: [UInt8] {
            var fields = EtcdFields()
            var inner = EtcdFields()
            switch self {
            case .get(let key): fields.bytes(1, Range(key).message)
            case .put(let key, let value, let lease):
                inner.bytes(1, key)
                inner.bytes(2, value)
                inner.number(3, lease)
                fields.bytes(2, inner.finish())
            case .delete(let key):
                inner.bytes(1, key)
                fields.bytes(3, inner.finish())
            }
            return fields.finish()
        }
    }

    /// Does `success` where all conditions hold, else `failure`: all at once.
    static func transaction(
        _ conditions: [Condition], success: [Operation], failure: [Operation]
    ) -> [UInt8] {
        var fields = EtcdFields()
        for condition in conditions { fields.bytes(1, condition.message) }
        for operation in success { fields.bytes(2, operation.message) }
        for operation in failure { fields.bytes(3, operation.message) }
        return fields.finish()
    }

    /// - Parameter seconds: after which the lease ends unless it is kept alive.
    static func grant(seconds: UInt64) -> [UInt8] {
        var fields = EtcdFields()
        fields.number(1, seconds)
        return fields.finish()
    }

    static func keepAlive(lease: UInt64) -> [UInt8] {
        var fields = EtcdFields()
        fields.number(1, lease)
        return fields.finish()
    }

    /// Asks for changes of all keys that begin with some bytes, from a revision on.
    static func watch(prefix: [UInt8], from revision: UInt64) -> [UInt8] {
        var inner = EtcdFields()
        inner.bytes(1, prefix)
        inner.bytes(2, Range.end(of: prefix))
        inner.number(3, revision)
        var fields = EtcdFields()
        fields.bytes(1, inner.finish())
        return fields.finish()
    }
}

/// Fields of one message; what has its default value is left out.
private struct EtcdFields: ~Copyable {
    private var writer = ProtobufWriter(capacity: 256)

    mutating func number(_ field: Int32, _ value: UInt64, isWrittenAlways: Bool = false) {
        if value != 0 || isWrittenAlways { writer.varint(field, value) }
    }

    mutating func bytes(_ field: Int32, _ value: [UInt8], isWrittenAlways: Bool = false) {
        if !value.isEmpty || isWrittenAlways { unsafe writer.bytes(field, value.span.bytes) }
    }

    consuming func finish() -> [UInt8] { writer.output.copyToArray() }
}
