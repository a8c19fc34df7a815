import Testing
import TextEncoding

@Suite struct AddressTests {
    @Test(arguments: [
        ("00000000", "0.0.0.0"), ("7f000001", "127.0.0.1"), ("ffffffff", "255.255.255.255"),
        ("0a00640a", "10.0.100.10"),
    ])
    func ipv4(_ bytes: String, _ expected: String) {
        #expect(text { unsafe $0.append(ipv4: hex(bytes).span.bytes) } == expected)
    }

    /// RFC 5952, sections 4 and 5, and the boundaries around its rules.
    @Test(arguments: [
        ("0000 0000 0000 0000 0000 0000 0000 0000", "::"),
        ("0000 0000 0000 0000 0000 0000 0000 0001", "::1"),
        ("0001 0000 0000 0000 0000 0000 0000 0000", "1::"),
        ("2001 0db8 0000 0000 0000 0000 0002 0001", "2001:db8::2:1"),  // 4.2.1: as short as possible
        ("2001 0db8 0000 0001 0001 0001 0001 0001", "2001:db8:0:1:1:1:1:1"),  // 4.2.2: not for one group
        ("2001 0000 0000 0001 0000 0000 0000 0001", "2001:0:0:1::1"),  // 4.2.3: the longest run
        ("2001 0db8 0000 0000 0001 0000 0000 0001", "2001:db8::1:0:0:1"),  // 4.2.3: the first of equals
        ("2001 0db8 aaaa bbbb cccc dddd eeee 0aaa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaa"),  // 4.1, 4.3
        ("fe80 0000 0000 0000 0202 b3ff fe1e 8329", "fe80::202:b3ff:fe1e:8329"),
        ("0000 0000 0000 0000 0000 ffff c0a8 0001", "::ffff:192.168.0.1"),  // 5: IPv4-mapped
        ("0000 0000 0000 0000 0000 ffff 0000 0000", "::ffff:0.0.0.0"),
        ("0000 0000 0000 0000 ffff 0000 c0a8 0001", "::ffff:0:c0a8:1"),  // not mapped: translated
        ("0064 ff9b 0000 0000 0000 0000 c000 0221", "64:ff9b::c000:221"),
        ("0000 0001 0000 0000 0000 0000 0000 0000", "0:1::"),
        ("0001 0001 0001 0001 0001 0001 0000 0000", "1:1:1:1:1:1::"),
        ("0000 0000 0001 0001 0001 0001 0001 0001", "::1:1:1:1:1:1"),
        ("0000 0001 0001 0001 0001 0001 0001 0000", "0:1:1:1:1:1:1:0"),
        ("ffff ffff ffff ffff ffff ffff ffff ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("1000 0100 0010 0001 0000 0000 0000 0000", "1000:100:10:1::"),
    ])
    func ipv6(_ bytes: String, _ expected: String) {
        #expect(text { unsafe $0.append(ipv6: hex(bytes).span.bytes) } == expected)
    }
}
