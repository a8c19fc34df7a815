import TextEncoding

/// A key of etcd with its value.
struct EtcdPair: Equatable {
    var key: [UInt8] = []
    var value: [UInt8] = []
    /// Revision of the last change.
    var revision: UInt64 = 0

    init(_ message: ProtobufReader.Value) {
        for field in message.fields {
            switch field.number {
            case 1: key = Array(field.value.bytes)
            case 3: revision = field.value.number
            case 5: value = Array(field.value.bytes)
            default: break
            }
        }
    }
}

/// What stands before every answer.
struct EtcdHeader: Equatable {
    var cluster: UInt64 = 0
    var revision: UInt64 = 0

    init() {}

    init(_ message: ProtobufReader.Value) {
        for field in message.fields {
            if field.number == 1 { cluster = field.value.number }
            if field.number == 3 { revision = field.value.number }
        }
    }
}

/// `RangeResponse`.
struct EtcdRangeAnswer {
    var header = EtcdHeader()
    var pairs: [EtcdPair] = []
    /// Whether there are more than were asked for.
    var isCut = false

    init(_ bytes: [UInt8]) { self.init(fields: ProtobufReader.fields(bytes[...])) }

    init(fields: [ProtobufReader.Field]) {
        for field in fields {
            switch field.number {
            case 1: header = EtcdHeader(field.value)
            case 2: pairs.append(EtcdPair(field.value))
            case 3: isCut = field.value.number != 0
            default: break
            }
        }
    }
}

/// `TxnResponse`, of a transaction whose failure part reads.
struct EtcdTransactionAnswer {
    var succeeded = false
    /// What each `get` found, in their order; nil = no such key.
    var found: [EtcdPair?] = []

    init(_ bytes: [UInt8]) {
        for field in ProtobufReader.fields(bytes[...]) {
            switch field.number {
            case 2: succeeded = field.value.number != 0
            case 3:
                for part in field.value.fields where part.number == 1 {
                    found.append(EtcdRangeAnswer(fields: part.value.fields).pairs.first)
                }
            default: break
            }
        }
    }
}

/// `LeaseGrantResponse` or `LeaseKeepAliveResponse`.
struct EtcdLeaseAnswer {
    var lease: UInt64 = 0
    /// Seconds that it has left; 0 = it has ended.
    var seconds: UInt64 = 0

    init(_ bytes: [UInt8]) {
        for field in ProtobufReader.fields(bytes[...]) {
            if field.number == 2 { lease = field.value.number }
            // A negative number says that there is no such lease.
            if field.number == 3 { seconds = UInt64(max(0, Int64(bitPattern: field.value.number))) }
        }
    }
}

/// `WatchResponse`.
struct EtcdWatchAnswer {
    /// A change of a key.
    struct Event: Equatable {
        var isDeletion = false
        var pair: EtcdPair
    }

    var header = EtcdHeader()
    var isCanceled = false
    /// The oldest revision that there is, where an older one was asked for; 0 = not so.
    var compactRevision: UInt64 = 0
    var reason = ""
    var events: [Event] = []

    init(_ bytes: [UInt8]) {
        for field in ProtobufReader.fields(bytes[...]) {
            switch field.number {
            case 1: header = EtcdHeader(field.value)
            case 4: isCanceled = field.value.number != 0
            case 5: compactRevision = field.value.number
            case 6: reason = field.value.text
            case 11: events.append(Self.event(field.value))
            default: break
            }
        }
    }

    private static func event(_ message: ProtobufReader.Value) -> Event {
        let fields = message.fields
        let isDeletion = fields.contains { $0.number == 1 && $0.value.number == 1 }
        let pair = fields.first { $0.number == 2 }.map { EtcdPair($0.value) }
        return Event(isDeletion: isDeletion, pair: pair ?? EtcdPair(.number(0)))
    }
}
