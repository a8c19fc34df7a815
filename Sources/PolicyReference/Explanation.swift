public import PolicyModel

/// Why a hook entry of a policy matched an event, or did not: every selector with every condition.
public struct Explanation: Sendable, Hashable {
    /// A condition and how it came out.
    public struct ConditionResult: Sendable, Hashable {
        /// `matchArgs[0]`.
        public var field: String
        public var place: SourcePlace
        /// After negation.
        public var truth: Truth
    }

    /// A selector and how it came out.
    public struct SelectorResult: Sendable, Hashable {
        /// Name that the policy gives it; empty = none.
        public var label: String
        public var place: SourcePlace
        /// All conditions together.
        public var truth: Truth
        /// In the order of the file, those after a false one included.
        public var conditions: [ConditionResult]

        /// The first condition that kept the selector from matching.
        public var failed: ConditionResult? { conditions.first { $0.truth == .no } }
    }

    /// In the order of the file.
    public var selectors: [SelectorResult]
    /// The selector that decides; nil where none matches.
    public var deciding: Int?
    /// A condition of the deciding selector is unknown.
    public var isUncertain: Bool
    /// Enforcing actions act.
    public var enforces: Bool
}
