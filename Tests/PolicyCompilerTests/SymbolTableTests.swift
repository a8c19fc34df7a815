import PolicyCompiler
import Testing

/// Functions by their addresses.
@Suite struct SymbolTableTests {
    private let kernel = SymbolTable(
        kallsyms: Array(
            """
            ffffffff81000000 T _text
            ffffffff81000000 T _stext
            ffffffff81000200 t do_one
            ffffffff82000000 D a_datum
            ffffffffc0001000 t in_module\t[veth]
            ffffffff81000100 W weak_one
            nonsense
            ffffffff8100
            """.utf8))

    @Test func anAddressBelongsToTheFunctionBelowIt() {
        #expect(kernel.count == 4)
        #expect(kernel.function(at: 0xffff_ffff_8100_0000) == .init(name: "_text", module: "", offset: 0))
        #expect(
            kernel.function(at: 0xffff_ffff_8100_01ff) == .init(name: "weak_one", module: "", offset: 0xff))
        #expect(kernel.function(at: 0xffff_ffff_8100_0204) == .init(name: "do_one", module: "", offset: 4))
        #expect(
            kernel.function(at: 0xffff_ffff_c000_1010) == .init(name: "in_module", module: "veth", offset: 16)
        )
        #expect(kernel.function(at: 0xffff_ffff_80ff_ffff) == nil)
    }

    @Test func aKernelThatHidesItsAddressesHasNone() {
        let hidden = SymbolTable(
            kallsyms: Array("0000000000000000 T _text\n0000000000000000 t do_one\n".utf8))
        #expect(hidden.count == 0 && hidden.function(at: 1) == nil)
        #expect(SymbolTable(kallsyms: []).count == 0)
    }
}
