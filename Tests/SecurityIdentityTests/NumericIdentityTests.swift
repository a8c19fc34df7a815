import SecurityIdentity
import Testing

@Suite struct NumericIdentityTests {
    @Test(arguments: [
        (ReservedIdentity.host, UInt32(1), "host"), (.world, 2, "world"), (.unmanaged, 3, "unmanaged"),
        (.health, 4, "health"), (.initial, 5, "init"), (.remoteNode, 6, "remote-node"),
        (.kubeAPIServer, 7, "kube-apiserver"), (.ingress, 8, "ingress"), (.worldIPv4, 9, "world-ipv4"),
        (.worldIPv6, 10, "world-ipv6"),
    ])
    func reservedNumbersAreThoseOfCilium(identity: ReservedIdentity, number: UInt32, name: String) throws {
        #expect(identity.rawValue == number)
        #expect(identity.name == name)
        #expect(ReservedIdentity(name: name) == identity)
        #expect(LabelSet(identity).key == "reserved:\(name)=;")
        #expect(try LabelSet([#require(Label(parsing: "reserved:" + name))]).reserved == identity)
        #expect(NumericIdentity(rawValue: number).scope == .reserved)
    }

    @Test(arguments: [
        (UInt32(0), NumericIdentity.Scope.unknown), (255, .reserved), (256, .cluster), (65_535, .cluster),
        (0xff_ffff, .cluster), (0x100_0001, .cidr), (0x1ff_ffff, .cidr), (0x200_0001, .remoteNode),
        (0x300_0000, .unknown),
    ])
    func theUpperBitsAreTheScope(number: UInt32, scope: NumericIdentity.Scope) {
        #expect(NumericIdentity(rawValue: number).scope == scope)
    }

    @Test func labelsSayWhereTheirNumberComesFrom() throws {
        #expect(try LabelSet([Label(.k8s, "app", "web")]).scope == .cluster)
        #expect(try LabelSet([Label(.cidr, "10.0.0.0/8"), Label(.reserved, "world")]).scope == .cidr)
        #expect(try LabelSet([Label(.fqdn, "example.com")]).scope == .cidr)
        #expect(
            try LabelSet([Label(.reserved, "remote-node"), Label(.node, "zone", "a")]).scope == .remoteNode)
        #expect(LabelSet(.host).scope == .reserved)
    }

    @Test func theIDOfAClusterStandsAboveItsNumbers() {
        #expect(IdentityRange.alone.numbers == 256...65_535)
        #expect(IdentityRange(cluster: 3)?.numbers == 0x30100...0x3ffff)
        #expect(IdentityRange(cluster: 255)?.numbers == 0xff0100...0xffffff)
        #expect(IdentityRange(cluster: 256) == nil)
        #expect(IdentityRange(cluster: 511, layout: .clusters511)?.numbers == 0xff8100...0xffffff)
        #expect(IdentityRange(cluster: 512, layout: .clusters511) == nil)
    }

    @Test func localNumbersGoWithTheirLastUser() throws {
        var local = LocalIdentities()
        let ten = try LabelSet([Label(.cidr, "10.0.0.0/8"), Label(.reserved, "world")])
        let eleven = try LabelSet([Label(.cidr, "11.0.0.0/8"), Label(.reserved, "world")])
        let node = try LabelSet([Label(.reserved, "remote-node"), Label(.node, "zone", "a")])
        let acquired = local.acquire(ten)
        let first = try #require(acquired)
        #expect(first.rawValue == 0x100_0001)
        #expect(local.acquire(ten) == first)
        #expect(local.acquire(node)?.rawValue == 0x200_0001)
        #expect(try local.acquire(LabelSet([Label(.k8s, "app")])) == nil)
        local.release(first)
        #expect(local.table.labels(of: first) == ten)
        local.release(first)
        #expect(local.table.labels(of: first) == nil)
        // Used again as late as possible.
        #expect(local.acquire(eleven)?.rawValue == 0x100_0002)
        #expect(local.acquire(ten)?.rawValue == 0x100_0003)
    }
}
