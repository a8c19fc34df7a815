import AgentModel
import ControlCommands
import Testing

@Suite struct IdentityListingTests {
    private let identities = [
        IdentityListing(number: 1, scope: "reserved", labels: ["reserved:host"], users: 0),
        IdentityListing(
            number: 256, scope: "cluster", labels: ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop"],
            users: 2),
        IdentityListing(number: 257, scope: "cluster", labels: ["container:app=web"], users: 0),
    ]

    @Test func aTableHasReservedOnesWithoutUsers() throws {
        let text = try Listing.text(identities.map(IdentityRow.init), as: .table, Palette(isOn: false))
        #expect(
            text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") } == [
                "ID USERS LABELS", "1 - reserved:host",
                "256 2 k8s:app=web k8s:io.kubernetes.pod.namespace=shop", "257 0 container:app=web",
            ])
    }

    @Test(arguments: [
        (["app=web"], false, [UInt32(256), 257]),
        (["any:app=web"], false, [256, 257]),
        (["k8s:app=web"], false, [256]),
        (["app=web", "io.kubernetes.pod.namespace=shop"], false, [256]),
        (["app=we"], false, []),
        ([], true, [256]),
        (["host"], false, [1]),
    ])
    func labelsAndUseChoose(labels: [String], used: Bool, numbers: [UInt32]) {
        #expect(
            IdentityText.selected(identities, labels: labels, used: used).map(\.number) == numbers)
    }

    @Test(arguments: [("256", UInt32(256)), ("host", 1), ("reserved:host", 1)])
    func oneIsFoundByNumberOrName(text: String, number: UInt32) {
        #expect(IdentityText.find(text, in: identities)?.number == number)
    }

    @Test func othersAreNotFound() {
        for text in ["258", "world", "", "app=web"] {
            #expect(IdentityText.find(text, in: identities) == nil)
        }
    }

    @Test func whatIsWrongIsSaid() {
        var report = IdentityReport(store: "file /x")
        #expect(IdentityText.remarks(report).isEmpty)
        report.problem = "no space left"
        (report.waiting, report.unconfirmed, report.changed, report.unusable) = (1, 2, 3, 4)
        #expect(
            IdentityText.remarks(report) == [
                "file /x: no space left", "1 cgroups wait for a number",
                "2 numbers in use have yet to be confirmed",
                "3 cgroups have another number since file /x said so",
                "4 cgroups have too many labels for an identity",
            ])
    }
}
