import IdentityStores
import SecurityIdentity
import Testing

@Suite(
    .enabled(if: EtcdServer.isHere, "etcd is not here (Debian: etcd-server)"), .serialized,
    .timeLimit(.minutes(5)))
@EtcdThread struct EtcdIdentityStoreTests {
    @Test func nodesGiveTheSameLabelsTheSameNumber() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let (own, other) = (Folder(), Folder())
        let one = try EtcdNode("n1", etcd.endpoint, own, start: 300)
        let two = try EtcdNode("n2", etcd.endpoint, other, start: 300)
        try one.assign(1, "k8s:app=web")
        try one.assign(2, "k8s:app=db")
        try await one.settle()
        // Where both want the same number, the second one takes another.
        try two.assign(1, "k8s:app=mail")
        try two.assign(2, "k8s:app=web")
        try await two.settle()
        let (web, db) = (one.number(of: 1), one.number(of: 2))
        #expect(two.number(of: 2) == web)
        #expect(Set([web, db, two.number(of: 1)]).count == 3)
        let mail = two.number(of: 1)
        #expect(
            try await etcd.content() == [
                "test/id/\(web)": "k8s:app=web;", "test/id/\(db)": "k8s:app=db;",
                "test/id/\(mail)": "k8s:app=mail;", "test/number/k8s:app=web;": "\(web)",
                "test/number/k8s:app=db;": "\(db)", "test/number/k8s:app=mail;": "\(mail)",
                "test/value/k8s:app=web;/n1": "\(web)", "test/value/k8s:app=web;/n2": "\(web)",
                "test/value/k8s:app=db;/n1": "\(db)", "test/value/k8s:app=mail;/n2": "\(mail)",
            ])
        // And what others bind is learnt by watching.
        try await one.learn(mail, "k8s:app=mail")
        withExtendedLifetime(etcd) {}
    }

    @Test func aRestartOfTheNodeChangesNothing() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let own = Folder()
        var numbers: [UInt32] = []
        do {
            let node = try EtcdNode("n1", etcd.endpoint, own)
            for holder in 0..<20 as Range<UInt64> { try node.assign(holder, "k8s:app=\(holder)") }
            try await node.settle()
            numbers = (0..<20).map { node.number(of: $0) }
        }
        // Known at once from the file, before anything is connected.
        let node = try EtcdNode("n1", etcd.endpoint, own)
        for holder in (0..<20 as Range<UInt64>).reversed() {
            #expect(try node.assign(holder, "k8s:app=\(holder)") == numbers[Int(holder)])
        }
        try await node.settle()
        #expect((0..<20).map { node.number(of: $0) } == numbers)
        #expect(node.allocator.counts.changed == 0)
        withExtendedLifetime(etcd) {}
    }

    @Test func etcdKilledAndStartedAgainChangesNoNumber() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let node = try EtcdNode("n1", etcd.endpoint, Folder())
        try node.assign(1, "k8s:app=web")
        try await node.settle()
        let web = node.number(of: 1)
        for round in 0..<3 as Range<UInt64> {
            etcd.kill()
            // Known labels go on; new ones wait.
            #expect(try node.assign(10 + round, "k8s:app=web") == web)
            #expect(try node.assign(20 + round, "k8s:app=new\(round)") == 5)
            node.tend()
            #expect(node.number(of: 20 + round) == 5)
            try await etcd.start()
            try await node.settle()
            #expect(node.number(of: 20 + round) >= 256)
            #expect(node.number(of: 1) == web)
        }
        #expect(node.allocator.counts.changed == 0)
        // The watch works again, too.
        try await etcd.put("test/id/4242", "k8s:app=far;")
        try await node.learn(4242, "k8s:app=far")
    }

    @Test func etcdThatHangsChangesNoNumber() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let node = try EtcdNode("n1", etcd.endpoint, Folder())
        try node.assign(1, "k8s:app=web")
        try await node.settle()
        let web = node.number(of: 1)
        etcd.freeze()
        #expect(try node.assign(2, "k8s:app=new") == 5)
        #expect(try node.assign(3, "k8s:app=web") == web)
        // Long enough for the connection to be given up.
        try await eventually {
            node.tend()
            return node.allocator.problem != nil
        }
        etcd.thaw()
        try await node.settle()
        #expect((node.number(of: 1), node.number(of: 3)) == (web, web))
        #expect(node.number(of: 2) >= 256)
    }

    @Test func afterACompactionAllIsReadAgain() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let node = try EtcdNode("n1", etcd.endpoint, Folder())
        try node.assign(1, "k8s:app=web")
        try await node.settle()
        try await etcd.put("test/id/4000", "k8s:app=gone;")
        try await node.learn(4000, "k8s:app=gone")
        // While the node is cut off, things change, and their history goes.
        etcd.kill()
        #expect(try node.assign(2, "k8s:app=late") == 5)
        try await etcd.start(elsewhere: true)
        try await etcd.delete("test/id/4000")
        for number in 5000..<5010 { try await etcd.put("test/id/\(number)", "k8s:app=a\(number);") }
        try await etcd.compact()
        etcd.kill()
        try await etcd.start()
        try await node.learn(5009, "k8s:app=a5009")
        try await node.learn(4000, nil)
        try await node.settle()
        #expect(node.number(of: 2) >= 256)
        #expect(node.allocator.counts.changed == 0)
    }

    /// Somebody deletes what is in use, or sets up etcd anew: the node puts it back.
    @Test func whatIsInUseIsPutBack() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let node = try EtcdNode("n1", etcd.endpoint, Folder())
        try node.assign(1, "k8s:app=web")
        try await node.settle()
        let web = node.number(of: 1)
        try await etcd.delete("test/id/\(web)")
        try await eventually {
            node.tend()
            return try await etcd.content()["test/id/\(web)"] == "k8s:app=web;"
        }
        etcd.kill()
        etcd.removeData()
        try await etcd.start()
        try await eventually {
            node.tend()
            return try await etcd.content()["test/value/k8s:app=web;/n1"] == "\(web)"
        }
        #expect(try await etcd.content()["test/id/\(web)"] == "k8s:app=web;")
        #expect(node.number(of: 1) == web)
        #expect(node.allocator.counts.changed == 0)
    }

    @Test func aNumberIsGivenBackWhenNoNodeUsesIt() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let one = try EtcdNode("n1", etcd.endpoint, Folder(), start: 300)
        let two = try EtcdNode("n2", etcd.endpoint, Folder(), start: 300)
        try one.assign(1, "k8s:app=web")
        try await one.settle()
        try two.assign(1, "k8s:app=web")
        try await two.settle()
        let web = one.number(of: 1)
        // The first to look is the one that gives back.
        one.tend(sweeps: true)
        #expect(try await etcd.content()["test/collector"] == "n1")
        one.drop(1)
        for _ in 0..<3 {
            one.passGrace()
            one.tend(sweeps: true)
            two.tend(sweeps: true)
        }
        #expect(try await etcd.content()["test/id/\(web)"] == "k8s:app=web;")
        two.drop(1)
        for _ in 0..<3 {
            two.tend(sweeps: true)
            one.passGrace()
            one.tend(sweeps: true)
        }
        #expect(try await etcd.content() == ["test/collector": "n1"])
        try await two.learn(web, nil)
        withExtendedLifetime(etcd) {}
    }

    /// As Cilium lays it out, without the way back from labels to number.
    @Test func identitiesOfCiliumAreTakenOver() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        try await etcd.put("test/id/7777", "k8s:app=web;k8s:io.kubernetes.pod.namespace=shop;")
        try await etcd.put("test/id/7778", "k8s:app=db;")
        let node = try EtcdNode("n1", etcd.endpoint, Folder())
        try await node.learn(7778, "k8s:app=db")
        #expect(try node.assign(1, "k8s:app=db") == 7778)
        #expect(try await etcd.content()["test/number/k8s:app=db;"] == "7778")
        withExtendedLifetime(etcd) {}
    }

    /// More than fit into one answer.
    @Test func manyIdentitiesAreReadInPages() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        let one = try EtcdNode("n1", etcd.endpoint, Folder(), start: 300)
        try one.assign(1, "k8s:app=first")
        try await one.settle()
        for holder in 2..<2502 as Range<UInt64> { try one.assign(holder, "k8s:app=\(holder)") }
        try await one.settle()
        let two = try EtcdNode("n2", etcd.endpoint, Folder(), start: 300)
        try await eventually {
            two.tend()
            return two.allocator.table.count == 2501
        }
        #expect(try two.assign(1, "k8s:app=2501") == one.number(of: 2501))
        withExtendedLifetime(etcd) {}
    }

    /// Values that no node of ours wrote.
    @Test func whatIsNoIdentityIsPassedOver() async throws {
        let folder = Folder()
        let etcd = try await EtcdServer(in: folder)
        for (key, value) in [
            ("id/x", "k8s:a=b;"), ("id/0", "k8s:a=b;"), ("id/99999999999", "k8s:a=b;"), ("id/7", "junk"),
        ] {
            try await etcd.put("test/" + key, value)
        }
        try await etcd.put("test/number/k8s:app=web;", "junk")
        try await etcd.put("test/id/900", "k8s:app=ok;")
        let node = try EtcdNode("n1", etcd.endpoint, Folder(), start: 900)
        try await node.learn(900, "k8s:app=ok")
        #expect(node.allocator.table.count == 1)
        #expect(try node.assign(1, "k8s:app=web") == 901)
        #expect(try await etcd.content()["test/number/k8s:app=web;"] == "901")
        withExtendedLifetime(etcd) {}
    }
}
