public import PolicyModel

/// Why a hook entry of a policy matched an event, or did not: every selector with every condition.
public struct Explanation: Sendable, Hashable {
    public struct ConditionResult: Sendable, Hashable {
        /// `matchArgs[0]`.
        public var field: String
        public var place: SourcePlace
        public var truth: Truth
    }

    public struct SelectorResult: Sendable, Hashable {
        public var label: String
        public var place: SourcePlace
        public var truth: Truth
        public var conditions: [ConditionResult]

        /// The first condition that kept the selector from matching.
        public var failed: ConditionResult? { conditions.first { $0.truth == .no } }
    }

    public var selectors: [SelectorResult]
    /// The selector that decides; nil where none matches.
    public var deciding: Int?
    /// A condition of the deciding selector is unknown.
    public var isUncertain: Bool
    /// Enforcing actions act.
    public var enforces: Bool
}
