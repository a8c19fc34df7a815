import CEventABI
import PolicyEngine
import Testing

/// The examples of docs/policy-engine.md, "Keys", which the kernel programs are held to as well.
@Suite struct KeyHashTests {
    static let hash = KeyHash(seed: (1...18).map { 0x9e37_79b9_7f4a_7c15 &* UInt64($0) })

    private func key(_ lanes: KeyHash.Lanes, _ table: UInt32, _ length: Int) -> [UInt64] {
        let key = KeyHash.key(lanes, table: table, length: length)
        return [key.hash.0, key.hash.1]
    }

    @Test func textOfNoBytes() {
        #expect(key(Self.hash.text([]), 4, 0) == [0x5566_13c4_ffd5_1da2, 0xeb53_6a93_95ea_bc3a])
    }

    @Test func textOfOneBlock() {
        let text = Array("/etc/passwd".utf8)
        #expect(key(Self.hash.text(text), 4, text.count) == [0x509d_bc0e_c393_c4d3, 0xc98d_ddfb_67a7_54d0])
    }

    @Test func textOfTwoBlocks() {
        let text = Array("/usr/lib/x86_64-linux-gnu/libnss_files.so.2".utf8)
        #expect(key(Self.hash.text(text), 5, text.count) == [0xcada_981e_e66b_cc48, 0x096b_bd2c_6158_12bf])
    }

    @Test func components() {
        let lanes = Self.hash.components([Array("etc".utf8), Array("passwd".utf8)])
        #expect(key(lanes, 8, 2) == [0xab72_7996_ba37_a3c1, 0xa468_6cd6_8873_0a44])
    }

    /// The last block is filled up with zeros, so only the length tells `a` from `a` and a NUL.
    @Test func lengthBelongsToTheKey() {
        let hash = Self.hash
        #expect(hash.text([97]) == hash.text([97, 0]))
        #expect(key(hash.text([97]), 4, 1) != key(hash.text([97, 0]), 4, 2))
    }
}
