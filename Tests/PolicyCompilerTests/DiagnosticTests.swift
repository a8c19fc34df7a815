import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// What is wrong in a document, and how it is shown.
@Suite struct DiagnosticTests {
    @Test(arguments: [
        (
            "kind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true}",
            "1:1: error: \"apiVersion\" is missing"
        ),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicyy\nmetadata: {name: a}\nspec: {loader: true}",
            "2:7: error: kind: unknown kind \"TracingPolicyy\" (did you mean \"TracingPolicy\"?)"
        ),
        (
            "apiVersion: cilium.io/v1\nkind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true}",
            "1:13: error: apiVersion: unknown version \"cilium.io/v1\" (write cilium.io/v1alpha1)"
        ),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: A_b}\nspec: {loader: true}",
            "3:18: error: metadata.name: \"A_b\" is no name of an object (lower-case letters, digits, - and . ; at most 253; a letter or digit first and last)"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}",
            "2:7: warning: kind: Pod of v1 is no policy and is skipped"
        ),
        (
            "",
            "1:1: error: there is no policy in this file (a policy begins with apiVersion: cilium.io/v1alpha1 and kind: TracingPolicy)"
        ),
        ("- a", "1:1: error: expected a policy, found a list"),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true, loader: false}",
            "4:22: error: the key \"loader\" stands here for the second time (first at line 4, column 8)"
        ),
    ])
    func aDocumentIsRefusedWhereItIsWrong(_ text: String, _ expected: String) {
        #expect(Sample.findings(text) == [expected])
    }

    @Test(arguments: [
        ("Gadget", "error: kind: unknown kind \"Gadget\" (one of: TracingPolicy, TracingPolicyNamespaced)"),
        ("tracingpolicy", "error: kind: unknown kind \"tracingpolicy\" (did you mean \"TracingPolicy\"?)"),
        ("7", "error: kind: unknown kind \"7\" (one of: TracingPolicy, TracingPolicyNamespaced)"),
        ("\"\"", "error: kind: unknown kind \"\" (one of: TracingPolicy, TracingPolicyNamespaced)"),
        (
            "CiliumNetworkPolicy",
            "warning: kind: CiliumNetworkPolicy is no tracing policy and is skipped"
        ),
        ("PodInfo", "warning: kind: PodInfo is no tracing policy and is skipped"),
    ])
    func aKindThatIsNoPolicyIsNamed(_ kind: String, _ expected: String) {
        let text = Sample.policy("loader: true", kind: kind)

        #expect(Sample.findings(text) == ["2:7: " + expected])
        #expect(Sample.check(text).policies.isEmpty)
    }

    @Test func everythingIsToldAtOnceInTheOrderOfTheFile() {
        let text = Sample.selector(
            "- matchArgs:\n  - index: 0\n    operator: Equals\n    values: [a]\n  matchPIDs:\n  - operator: In\n    values: [x]\n  matchActions:\n  - action: Kill"
        )
        #expect(Sample.findings(text).map { $0.prefix { $0 != " " } } == ["17:19:", "21:18:", "23:17:"])
    }

    @Test func aDiagnosticShowsTheLineAndACaret() {
        let file = Sample.check(Sample.hook("- call: sys_opneat")).files[0]
        #expect(
            file.diagnostics[0].rendered(in: file.source) == """
                p.yaml:7:11: error: spec.kprobes[0].call: there is no syscall "sys_opneat"
                    7 |   - call: sys_opneat
                      |           ^~~~~~~~~~ did you mean "sys_openat"?
                """)
    }

    @Test func twoFilesWithTheSamePolicyAreNoticed() {
        var batch = PolicyBatch()
        let bytes = Array(Sample.policy("loader: true").utf8)
        batch.add(file: "a.yaml", bytes: bytes)
        batch.add(file: "b.yaml", bytes: bytes)
        #expect(batch.policies.count == 1)
        #expect(batch.files[1].diagnostics.map(\.hint) == ["in a.yaml, line 4"])
    }
}
