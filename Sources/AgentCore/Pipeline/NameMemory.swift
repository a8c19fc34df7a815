import EventDecoder
import EventModel

/// Names under which processes looked addresses up: a connect to the address shows the name.
struct NameMemory {
    /// Addresses that are remembered at most, over all processes; the oldest go first.
    private static let limit = 16_384

    private struct Key: Hashable {
        var pid: UInt32
        var address: [UInt8]
    }

    private var names: [Key: [UInt8]] = [:]
    private var order: [Key] = []
    /// Processes that have any name: most exits need no more than this look.
    private var processes: [UInt32: Int] = [:]
    /// Messages that were no DNS answers, or broken.
    private(set) var unreadable: UInt64 = 0

    /// Remembers the addresses of an answer.
    mutating func learn(pid: UInt32, message: RawSpan) {
        guard let answer = DNSAnswer(message) else {
            unreadable += 1
            return
        }
        for address in answer.addresses {
            let key = Key(pid: pid, address: address)
            if names.updateValue(answer.question, forKey: key) == nil {
                order.append(key)
                processes[pid, default: 0] += 1
            }
        }
        while names.count > Self.limit, let oldest = order.first {
            order.removeFirst()
            remove(oldest)
        }
    }

    /// The name under which a process found an address, or nothing.
    func name(pid: UInt32, family: UInt16, address: [UInt8]) -> [UInt8] {
        guard processes[pid] != nil, family == SocketNames.inet || family == SocketNames.inet6 else {
            return []
        }
        return names[Key(pid: pid, address: address)] ?? []
    }

    /// A process ended.
    mutating func forget(_ pid: UInt32) {
        guard processes[pid] != nil else { return }
        for key in order where key.pid == pid { remove(key) }
        order.removeAll { $0.pid == pid }
    }

    private mutating func remove(_ key: Key) {
        guard names.removeValue(forKey: key) != nil, let count = processes[key.pid] else { return }
        processes[key.pid] = count > 1 ? count - 1 : nil
    }
}
