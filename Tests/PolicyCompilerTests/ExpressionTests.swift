import PolicyCompiler
import PolicyModel
import Testing

/// `CelExpr`: text → program → number.
@Suite struct ExpressionTests {
    static let types = ["int64", "int32", "uint32", "uint64"]

    static func policy(_ text: String) -> String {
        var spec = "kprobes:\n- call: f\n  syscall: false\n  args:\n"
        for (index, type) in types.enumerated() { spec += "  - index: \(index)\n    type: \(type)\n" }
        spec += "  selectors:\n  - matchArgs:\n    - operator: CelExpr\n      values: ['\(text)']\n"
        return Sample.policy(spec)
    }

    static func value(_ text: String, _ arguments: [Int64]) throws -> Bool {
        let batch = Sample.check(policy(text))
        try #require(batch.files[0].diagnostics == [])
        guard
            case .expression(let expression)? = batch.policies.first?.hooks[0].selectors[0].conditions.first?
                .test
        else { throw NotAnExpression() }
        return expression.value { arguments[$0] } != 0
    }

    struct NotAnExpression: Error {}

    @Test(arguments: [
        ("arg0 == 5", true), ("arg0 + 1 > 5 && arg1 < 0", true), ("!(arg0 == 5) || arg1 == -1", true),
        ("arg0 - 10 < 0", true), ("arg2 > 5", true), ("arg2 + 1 == 0", true), ("arg3 > 5", true),
        ("int32(arg2) == -1", true), ("uint32(arg1) == arg2", true), ("and(arg0, 4) != 0", true),
        ("or(arg0, 2) == 7", true), ("xor(arg0, 5) == 0", true), ("not(arg0) == -6", true), ("true", true),
        ("false || arg0 != 5", false), ("arg0 <= 4", false), ("(arg0 >= 5) && (arg0 < 6)", true),
    ])
    func expressionsAreCalculated(_ text: String, _ expected: Bool) throws {
        // 0xffffffff as int32 is -1; unsigned types keep it.
        #expect(try Self.value(text, [5, -1, 4_294_967_295, -1]) == expected)
    }

    @Test(arguments: [
        ("arg0", "the expression is a number, not true or false"),
        ("arg0 == arg1", "both sides must have the same type"),
        ("arg9 == 1", "there is no value \"arg9\""), ("arg0 == ", "a value is missing"),
        ("(arg0 == 1", "a ) is missing"),
        ("arg0 == 1)", "unexpected text"), ("arg0 && true", "&& joins comparisons"),
        ("size(arg0) == 1", "there is no function size()"),
        ("!arg0", "! negates a comparison"), ("arg0 == 99999999999999999999", "is no number"),
        ("-arg0 == 1", "only numbers have a sign"),
    ])
    func mistakesAreNamed(_ text: String, _ message: String) {
        let found = Sample.findings(Self.policy(text))
        #expect(found.count == 1)
        #expect(found.first?.contains(message) == true)
    }

    @Test func depthAndLengthAreBounded() {
        let deep = String(repeating: "(", count: 500) + "arg0 == 1" + String(repeating: ")", count: 500)
        #expect(Sample.findings(Self.policy(deep)).first?.contains("nested too deeply") == true)
        let long = Array(repeating: "arg0 == 1", count: 100).joined(separator: " || ")
        #expect(Sample.findings(Self.policy(long)).first?.contains("the expression is too long") == true)
    }
}
