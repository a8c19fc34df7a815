import EventDecoder
import EventModel

/// Names under which processes looked addresses up: a connect to the address shows the name.
///
/// Whoever can send a process datagrams from port 53 can fill its names, and no others': a process that is
/// flooded forgets its own oldest ones, and all together are bounded.
package struct NameMemory {
    /// Addresses that are remembered at most: of one process, and over all.
    private static let processLimit = 1024
    private static let limit = 16_384

    /// The names of one process; oldest addresses first.
    private struct Names {
        var byAddress: [[UInt8]: [UInt8]] = [:]
        var order = Queue<[UInt8]>()
    }

    package init() {}

    private var processes: [UInt32: Names] = [:]
    /// Processes in the order in which they learned; ended ones stay until they come to the front.
    private var order = Queue<UInt32>()
    package private(set) var count = 0
    /// Messages that were no DNS answers, or broken.
    package private(set) var unreadable: UInt64 = 0

    private var streams = DNSStreams()
    private var cutDatagrams: UInt64 = 0
    /// Answers whose end did not come, or was not read: the addresses there have no name.
    package var cut: UInt64 { cutDatagrams + streams.cut }

    /// Takes what was read of a datagram.
    /// - Parameter total: its bytes.
    package mutating func learn(pid: UInt32, message: RawSpan, total: UInt32) {
        if Int(total) > message.byteCount { cutDatagrams += 1 }
        learn(pid: pid, message: message)
    }

    /// Takes a piece of a TCP stream.
    package mutating func learn(
        pid: UInt32, cookie: UInt64, sequence: UInt32, piece: RawSpan, total: UInt32
    ) {
        for message in streams.take(cookie: cookie, sequence: sequence, piece: piece, total: total) {
            unsafe learn(pid: pid, message: message.span.bytes)
        }
    }

    /// Remembers the addresses of an answer.
    package mutating func learn(pid: UInt32, message: RawSpan) {
        guard let answer = DNSAnswer(message) else {
            unreadable += 1
            return
        }
        for address in answer.addresses where pid != 0 { learn(pid, address, answer.question) }
    }

    private mutating func learn(_ pid: UInt32, _ address: [UInt8], _ name: [UInt8]) {
        guard processes[pid, default: Names()].byAddress.updateValue(name, forKey: address) == nil else {
            return
        }
        processes[pid]?.order.append(address)
        count += 1
        if let known = processes[pid]?.byAddress.count, known > Self.processLimit {
            forgetOldest(of: pid)
        } else {
            order.append(pid)
        }
        while count > Self.limit, let oldest = order.popFirst() { forgetOldest(of: oldest) }
        if order.count > 4 * Self.limit {
            let living = processes
            order.removeAll { living[$0] == nil }
        }
    }

    private mutating func forgetOldest(of pid: UInt32) {
        guard let address = processes[pid]?.order.popFirst() else { return }
        processes[pid]?.byAddress[address] = nil
        count -= 1
        if processes[pid]?.byAddress.isEmpty ?? true { processes[pid] = nil }
    }

    /// The name under which a process found an address, or nothing.
    package func name(pid: UInt32, family: UInt16, address: [UInt8]) -> [UInt8] {
        guard !processes.isEmpty, let names = processes[pid]?.byAddress else { return [] }
        if let name = names[address] { return name }
        // An IPv6 socket reaches an IPv4 address as ::ffff:a.b.c.d; the answer said a.b.c.d.
        guard family == SocketNames.inet6, address.starts(with: Self.mapped) else { return [] }
        return names[Array(address.dropFirst(Self.mapped.count))] ?? []
    }

    /// RFC 4291, section 2.5.5.2.
    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    /// A process ended.
    package mutating func forget(_ pid: UInt32) {
        guard !processes.isEmpty, let names = processes.removeValue(forKey: pid) else { return }
        count -= names.byAddress.count
    }
}

/// First in, first out, without moving what waits at every step.
private struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            head += 1
            if head > 64, head * 2 > elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        elements = elements[head...].filter { !isUnwanted($0) }
        head = 0
    }
}
