import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel

/// Processes with two files, a script and its interpreter.
extension ImageEvaluator {
    /// As bpf/trace/pair.h goes.
    func judge(
        pair dimension: secd_policy_dimension, _ first: UInt32, _ second: UInt32?, _ rules: inout Rules
    ) {
        let count = rules.matching.count
        func row(_ number: UInt32) -> Words { words(image.indexes[Int(dimension.index + number)], count) }
        let known = row(first)
        let positive = words(dimension.positive_row, count)
        for word in 0..<count {
            if let second {
                let other = row(second)[word]
                rules.matching[word] &= positive[word] & (known[word] | other) | known[word] & other
            } else {
                let open = words(dimension.constrained_row, count)[word] & (positive[word] ^ known[word])
                rules.matching[word] &=
                    known[word] & ~open | words(dimension.unreadable_row, count)[word] & open
                rules.uncertain[word] |= open
            }
        }
    }

    /// As `class_of_both` of bpf/trace/process.h.
    func both(_ file: Result, _ script: Result) -> Result {
        switch (file, script) {
        case (_, .absent), (_, .number(0)): file
        case (.absent, _), (.number(0), _): script
        case (.number(let file), .number(let script)):
            file == script ? .number(file) : .pair(file, script)
        case (.number(let known), .unreadable), (.unreadable, .number(let known)): .pair(known, nil)
        default: .unreadable
        }
    }
}
