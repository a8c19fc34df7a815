/// A parsed regular expression.
indirect enum RegexNode {
    case empty
    case set(ScalarSet)
    case assertion(RegexAssertion)
    case sequence([RegexNode])
    case choice([RegexNode])
    case `repeat`(RegexNode, ClosedRange<Int>, isLazy: Bool)
    case repeatForever(RegexNode, atLeast: Int, isLazy: Bool)
    /// A group that captures, by number from 0. Only where the parser was asked for them.
    case group(RegexNode, Int)
}

/// Conditions that consume nothing.
enum RegexAssertion: Equatable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}
