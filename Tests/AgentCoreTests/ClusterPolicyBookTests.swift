import AgentCore
import AgentModel
import JSONTree
import KubernetesClient
import KubernetesObjects
import Testing

/// What is taken from a cluster's reports, and when something counts as gone.
@Suite struct ClusterPolicyBookTests {
    private typealias Policy = KubernetesTracingPolicy<ClusterScope>
    private typealias Namespaced = KubernetesTracingPolicy<NamespaceScope>

    private static func policy<Scope>(
        _ name: String, _ text: String = "", namespace: String = ""
    ) throws -> KubernetesTracingPolicy<Scope> {
        let json =
            #"{"metadata":{"name":"\#(name)","namespace":"\#(namespace)"},"spec":{"text":"\#(text)"}}"#
        return try KubernetesTracingPolicy(ObjectReader(try JSONScanner.parse(Array(json.utf8).span)))
    }

    private static func key(_ name: String, _ namespace: String = "") -> PolicyKey {
        PolicyKey(name: name, namespace: namespace)
    }

    @Test func onlyTheNewestOfAPolicyWaits() throws {
        var book = ClusterPolicyBook()
        let first: Policy = try Self.policy("ant", "1")
        let second: Policy = try Self.policy("ant", "2")
        book.take(.set(first))
        book.take(.set(second))
        #expect(book.changes() == [ClusterPolicyChange(Self.key("ant"), text: second.text)])
        #expect(book.changes() == [])
        book.take(.set(first))
        book.take(.removed(first))
        #expect(book.changes() == [ClusterPolicyChange(Self.key("ant"), text: nil)])
        #expect(book.known.isEmpty)
        // Gone and made anew before anybody looked.
        book.take(.set(first))
        _ = book.changes()
        book.take(.removed(first))
        book.take(.set(second))
        book.take(.set(first))
        #expect(book.changes() == [ClusterPolicyChange(Self.key("ant"), text: first.text, isNew: true)])
    }

    @Test func aListSaysWhatIsGoneOfItsOwnKind() throws {
        var book = ClusterPolicyBook(kept: [
            Self.key("ant"), Self.key("bee"), Self.key("bee", "shop"), Self.key("cat", "shop"),
        ])
        let bee: Policy = try Self.policy("bee")
        book.take(.all([bee]))
        #expect(book.changes().map(\.key) == [Self.key("ant"), Self.key("bee")])
        #expect(book.known == [Self.key("bee"), Self.key("bee", "shop"), Self.key("cat", "shop")])
        let cat: Namespaced = try Self.policy("cat", namespace: "shop")
        book.take(.all([cat]))
        #expect(
            book.changes() == [
                ClusterPolicyChange(Self.key("bee", "shop"), text: nil),
                ClusterPolicyChange(Self.key("cat", "shop"), text: cat.text),
            ])
    }

    @Test func aListThatLacksSomeSaysNothingIsGone() throws {
        var book = ClusterPolicyBook(kept: [Self.key("ant"), Self.key("bee")])
        let bee: Policy = try Self.policy("bee")
        book.take(.all([bee], missing: 1))
        #expect(book.changes().map(\.key) == [Self.key("bee")])
        #expect(book.known == [Self.key("ant"), Self.key("bee")])
        book.take(ReflectorReport<Policy>.state(ReflectorState()))
        #expect(book.changes() == [])
    }

    @Test func takesNoMoreThanItMayAndSaysWhatItDoesNot() throws {
        var book = ClusterPolicyBook()
        for number in 0..<ClusterPolicyBook.mostPolicies {
            let one: Policy = try Self.policy("p\(number)")
            book.take(.set(one))
        }
        let more: Policy = try Self.policy("more")
        book.take(.set(more))
        #expect(book.known.count == ClusterPolicyBook.mostPolicies)
        #expect(
            book.refused == [
                Self.key("more"):
                    "kubernetes:tracingpolicies/more is not in force as it is there: more than 1000 policies of a cluster are not taken"
            ])
        let first: Policy = try Self.policy("p0")
        book.take(.removed(first))
        book.take(.set(more))
        #expect(book.refused.isEmpty && book.known.contains(Self.key("more")))

        var small = ClusterPolicyBook(room: 7000)
        let filler = String(repeating: "x", count: 3000)
        for name in ["a", "b", "c"] {
            let one: Policy = try Self.policy(name, filler)
            small.take(.set(one))
        }
        #expect(small.refused.count == 1 && small.known == [Self.key("a"), Self.key("b")])
        // Whoever takes makes room.
        #expect(small.changes().count == 2)
        let third: Policy = try Self.policy("c", filler)
        small.take(.set(third))
        #expect(small.refused.isEmpty)
        #expect(small.changes().count == 1)
    }
}
