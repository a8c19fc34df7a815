public import Logging
public import SecurityIdentity

/// Identities of many nodes in etcd. Labels have one number in the whole cluster, because it is given in one transaction
/// that fails where another node was quicker. What this node uses is also in a file, so that it keeps its numbers when it
/// starts while etcd is away.
public final class EtcdIdentityStore: IdentityStore {
    /// Numbers that are read at a time.
    private static let page: UInt64 = 1000
    /// Times that a transaction is made anew because others changed what it was about.
    private static let attempts = 8

    public let name: String
    private let keys: EtcdKeys
    private let connection: EtcdConnection
    private let cache: FileIdentityStore

    /// - Parameters:
    ///   - options: at least one endpoint.
    ///   - cache: of the state directory.
    public init(_ options: EtcdOptions, cache: FileIdentityStore, logger: Logger) {
        name = "etcd " + options.endpoints.map(\.description).joined(separator: ", ")
        keys = EtcdKeys(prefix: options.prefix, node: options.node)
        connection = EtcdConnection(options, keys, logger: logger)
        self.cache = cache
    }

    deinit { connection.stop() }

    public var problem: String? { connection.problem ?? cache.problem }

    /// What this node used last; begins to connect.
    public func open(_ take: (IdentityBinding) -> Void) {
        cache.open(take)
        connection.start()
    }

    // MARK: Claims

    /// What stands in etcd about some labels and a number.
    private struct Known {
        /// The number of the labels, as it is written.
        var value: [UInt8]?
        /// What the number that is wanted stands for.
        var labels: [UInt8]?
    }

    public func claim(_ binding: IdentityBinding) throws(IdentityStoreError) -> NumericIdentity {
        let labels = binding.labels
        var number = binding.number
        // Wrong for most numbers that are known from others: then the answer says what is right.
        var step = cache.holds(binding) ? Step.use : .create
        for _ in 0..<Self.attempts {
            guard let known = try take(step, number, labels) else {
                // It counts already; a file that cannot be written is a problem of its own.
                try? cache.record(IdentityBinding(number, labels))
                return number
            }
            switch (known.value, known.labels) {
            case (nil, nil): step = .create
            case (nil, let other?) where other == labels.keyBytes: step = .adopt
            case (nil, _): throw .taken
            case (let value?, let other):
                guard let right = EtcdKeys.number(value) else {
                    step = .unlink(value)
                    continue
                }
                if right != number {
                    number = right
                    step = .use
                } else if let other {
                    step = other == labels.keyBytes ? .use : .unlink(value)
                } else {
                    step = .restore
                }
            }
        }
        throw .unavailable("etcd: other nodes changed the same labels \(Self.attempts) times")
    }

    /// What a transaction does, given what must stand there.
    private enum Step {
        /// Nothing is bound: both are.
        case create
        /// The labels have the number: this node uses it, too.
        case use
        /// The number stands for the labels, and nobody wrote down the way back: as Cilium leaves it.
        case adopt
        /// The labels have a number that was given back meanwhile.
        case restore
        /// The labels have a number that stands for others, or what is written is none: that cannot be right.
        case unlink([UInt8])
    }

    /// Nil where it was done.
    private func take(
        _ step: Step, _ number: NumericIdentity, _ labels: LabelSet
    ) throws(IdentityStoreError) -> Known? {
        let (identity, back) = (keys.identity(number), keys.number(labels))
        let (value, text) = (keys.value(number), labels.keyBytes)
        let lease = connection.lease
        guard lease != 0 else { throw .unavailable(connection.problem ?? "etcd: there is no lease yet") }
        let use = EtcdRequest.Operation.put(keys.user(of: labels), value: value, lease: lease)
        let putIdentity = EtcdRequest.Operation.put(identity, value: text, lease: 0)
        let putBack = EtcdRequest.Operation.put(back, value: value, lease: 0)
        let (conditions, success): ([EtcdRequest.Condition], [EtcdRequest.Operation]) =
            switch step {
            case .create: ([.absent(back), .absent(identity)], [putIdentity, putBack, use])
            case .use: ([.value(of: back, value), .value(of: identity, text)], [use])
            case .adopt: ([.absent(back), .value(of: identity, text)], [putBack, use])
            case .restore: ([.value(of: back, value), .absent(identity)], [putIdentity, use])
            case .unlink(let wrong): ([.value(of: back, wrong)], [.delete(back)])
            }
        let answer = try transaction(conditions, success, reading: [back, identity])
        if answer.succeeded {
            if case .unlink = step { return Known() }
            return nil
        }
        guard answer.found.count == 2 else { throw .unavailable("etcd: its answer cannot be read") }
        return Known(value: answer.found[0]?.value, labels: answer.found[1]?.value)
    }

    private func transaction(
        _ conditions: [EtcdRequest.Condition], _ success: [EtcdRequest.Operation], reading keys: [[UInt8]]
    ) throws(IdentityStoreError) -> EtcdTransactionAnswer {
        let request = EtcdRequest.transaction(
            conditions, success: success, failure: keys.map { .get($0) })
        return EtcdTransactionAnswer(try connection.ask(.transaction, request))
    }

    public func release(_ binding: IdentityBinding) throws(IdentityStoreError) {
        _ = try transaction([], [.delete(keys.user(of: binding.labels))], reading: [])
    }

    // MARK: Giving back

    public func remove(_ binding: IdentityBinding) throws(IdentityStoreError) -> Bool {
        let identity = keys.identity(binding.number)
        let text = binding.labels.keyBytes
        let answer = try transaction(
            [.nonePrefixed(keys.users(of: binding.labels)), .value(of: identity, text)],
            [.delete(identity), .delete(keys.number(binding.labels))], reading: [identity])
        let isGone = answer.succeeded || answer.found.first.flatMap { $0?.value } != text
        if isGone { try? cache.forget(binding.number) }
        return isGone
    }

    /// All that stand below `value`, where this node is the one that gives numbers back.
    public func used() throws(IdentityStoreError) -> Set<NumericIdentity>? {
        let lease = connection.lease
        guard lease != 0 else { return nil }
        let mine = EtcdRequest.Operation.put(keys.collector, value: keys.nodeName, lease: lease)
        let answer = try transaction([.absent(keys.collector)], [mine], reading: [keys.collector])
        if !answer.succeeded {
            guard answer.found.first.flatMap({ $0?.value }) == keys.nodeName else { return nil }
            // With the lease of now: an older one may end.
            _ = try transaction([], [mine], reading: [])
        }
        var used: Set<NumericIdentity> = []
        _ = try read(prefix: keys.users) { pair in
            if let number = EtcdKeys.number(pair.value) { used.insert(number) }
        }
        return used
    }

    // MARK: Changes of others

    public func changes(_ take: (IdentityChange) -> Void) {
        let news = connection.takeNews()
        if news.claimsLost { take(.claimsLost) }
        guard !news.needsList else { return list(take) }
        for event in news.events {
            guard let number = keys.number(ofKey: event.pair.key) else { continue }
            if event.isDeletion {
                try? cache.forget(number)
                take(.unbound(number))
            } else if let binding = keys.binding(event.pair) {
                take(.bound(binding))
            }
        }
    }

    private func list(_ take: (IdentityChange) -> Void) {
        take(.listBegins)
        var numbers: Set<NumericIdentity> = []
        do throws(IdentityStoreError) {
            let revision = try read(prefix: keys.identities) { pair in
                guard let binding = keys.binding(pair) else { return }
                numbers.insert(binding.number)
                take(.bound(binding))
            }
            // Before the end is told: what is in use is claimed, and kept, anew by then.
            for number in cache.numbers where !numbers.contains(number) { try? cache.forget(number) }
            take(.listEnds)
            connection.hasListed(at: revision)
        } catch {
            connection.couldNotList()
        }
    }

    /// Reads all keys that begin so, as they are at one moment. Returns its revision.
    private func read(
        prefix: [UInt8], _ take: (EtcdPair) -> Void
    ) throws(IdentityStoreError) -> UInt64 {
        var range = EtcdRequest.Range(prefix: prefix)
        range.limit = Self.page
        while true {
            let answer = EtcdRangeAnswer(try connection.ask(.range, range.message))
            if range.revision == 0 { range.revision = answer.header.revision }
            for pair in answer.pairs { take(pair) }
            guard answer.isCut, let last = answer.pairs.last else { return range.revision }
            range.key = last.key + [0]
        }
    }
}
