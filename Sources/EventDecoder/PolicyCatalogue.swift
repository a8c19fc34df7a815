public import EventModel
public import PolicyModel

/// What the records of one generation of policies mean: rules by their bits, values by their columns. Made
/// before the generation is switched on, and shared by all of its events.
public final class PolicyCatalogue: Sendable {
    /// A hook of the generation.
    public struct Hook: Sendable {
        /// As events name it.
        public var hook: PolicyHook
        /// What is read there, in the order of the kernel's columns.
        public var columns: [Column]
        /// Entries of policies: what their events show.
        public var shapes: [EventShape]
        /// In the order of their bits.
        public var rules: [Rule]
        /// Whether calls are counted there.
        let counts: Bool
        /// Whether the digest of a file is asked for there.
        let asksDigest: Bool
        /// Whether the network is.
        let reachesOut: Bool

        /// Says once for all records what its rules ask for.
        public init(hook: PolicyHook, columns: [Column], shapes: [EventShape], rules: [Rule]) {
            counts = rules.contains { $0.counting != nil }
            asksDigest = rules.contains { $0.orders.contains(.digest) }
            reachesOut = rules.contains { !$0.requests.isEmpty }
            self.hook = hook
            self.columns = columns
            self.shapes = shapes
            self.rules = rules
        }
    }

    /// A selector, by the bit that stands for it.
    public struct Rule: Sendable {
        /// As events name it.
        public var rule: PolicyRule
        /// Position in `Hook.shapes`.
        public var shape: Int
        /// What it does when the call returns; nil = nothing of its own.
        public var returnAction: PolicyAction?
        /// What its actions do to a call or its process where they act.
        public var outcome: PolicyVerdict
        /// errno of a refused call; 0 = it refuses none.
        public var error: UInt32
        /// Its conditions.
        public var conditions: [Condition]
        /// What user space does where it acts.
        public var orders: PolicyOrders
        /// How its calls are counted; nil = they are told.
        public var counting: PolicyCounting?
        /// What is asked for over the network where it tells.
        public var requests: [PolicyRequest] = []

        public init(
            rule: PolicyRule, shape: Int, returnAction: PolicyAction? = nil,
            outcome: PolicyVerdict = .none, error: UInt32 = 0, conditions: [Condition] = [],
            orders: PolicyOrders = [], counting: PolicyCounting? = nil
        ) {
            self.orders = orders
            self.counting = counting
            self.rule = rule
            self.shape = shape
            self.returnAction = returnAction
            self.outcome = outcome
            self.error = error
            self.conditions = conditions
        }
    }

    /// A condition, for events that say what could not be decided.
    public struct Condition: Sendable {
        /// As the policy has it: `matchArgs[0]`.
        public var name: String
        /// Positions in `Hook.columns`; empty = it is about the process.
        public var columns: [Int]

        public init(name: String, columns: [Int]) {
            self.name = name
            self.columns = columns
        }
    }

    /// As in records.
    public let generation: UInt32
    private let hooks: [UInt32: Hook]
    /// The key of values that counted calls have in common.
    let countKey: @Sendable ([PolicyCountedValue]) -> (UInt64, UInt64)

    /// - Parameters:
    ///   - hooks: by the kernel's numbers.
    ///   - countKey: as the programs make it.
    public init(
        generation: UInt32, hooks: [UInt32: Hook],
        countKey: @escaping @Sendable ([PolicyCountedValue]) -> (UInt64, UInt64) = { _ in (0, 0) }
    ) {
        self.countKey = countKey
        self.generation = generation
        self.hooks = hooks
    }

    func hook(_ number: UInt32) -> Hook? { hooks[number] }

    /// Rules that count calls, with what their events show whose values are not known.
    public var counted: [PolicyCount] {
        hooks.values.filter(\.counts).flatMap { hook in
            hook.rules.compactMap { rule in
                rule.counting.map { counting in
                    var event = PolicyEvent(
                        hook: hook.hook, matches: [PolicyMatch(rule.rule)], generation: UInt64(generation))
                    event.action = .count
                    return PolicyCount(
                        key: PolicyCountKey(counter: counting.counter, values: (0, 0)), event: event,
                        interval: counting.interval)
                }
            }
        }
    }
}

/// The catalogues of generations whose records may still come. Owned by the worker.
public struct PolicyCatalogues {
    /// Two are alive in the kernel; records of the ones before wait in the rings, for a pass or two.
    private static let most = 8

    private var catalogues: [PolicyCatalogue] = []

    public init() {}

    /// Adds a generation: before it is switched on. The oldest goes where there are too many.
    public mutating func add(_ catalogue: PolicyCatalogue) {
        catalogues.removeAll { $0.generation == catalogue.generation }
        catalogues.append(catalogue)
        if catalogues.count > Self.most { catalogues.removeFirst() }
    }

    /// The catalogue of a generation, or nil.
    public subscript(generation generation: UInt32) -> PolicyCatalogue? {
        // Nearly always the newest.
        for catalogue in catalogues.reversed() where catalogue.generation == generation { return catalogue }
        return nil
    }
}
