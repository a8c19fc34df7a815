import AgentCore
import CEventABI
import Testing

/// Pieces of argv and environments without a kernel: order, losses, and what is kept of them.
@Suite("argument pieces") struct PieceTests {
    private static let image = secd_image(start_ns: 1000, pid: 7, reserved: 0)

    private func piece(
        _ offset: Int, _ bytes: [UInt8], time: UInt64 = 1000, kind: Int32 = SECD_KIND_ARGUMENTS,
        flags: UInt32 = 0
    ) -> secd_piece {
        var piece = secd_piece()
        piece.head.kind = UInt16(kind)
        piece.head.time_ns = time
        piece.image = Self.image
        piece.offset = UInt32(offset)
        piece.length = UInt32(bytes.count)
        piece.flags = flags
        return piece
    }

    private func take(
        _ assembly: inout PieceAssembly, _ offset: Int, _ bytes: [UInt8], time: UInt64 = 1000
    ) {
        unsafe assembly.take(piece(offset, bytes, time: time), bytes.span.bytes)
    }

    @Test("pieces in order make the whole, which is handed over once")
    func whole() {
        var pieces = PieceAssembly()
        take(&pieces, 4096, [1, 2, 3])
        take(&pieces, 4099, [4, 5])

        #expect(pieces.heldBytes == 5)
        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [1, 2, 3, 4, 5])
        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [])
        #expect(pieces.heldBytes == 0)
        #expect(pieces.refused == 0)
    }

    @Test("a piece that is missing in the middle ends what is known")
    func hole() {
        var pieces = PieceAssembly()
        take(&pieces, 4096, [1, 2])
        take(&pieces, 4100, [5, 6])

        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [1, 2])
        #expect(pieces.refused == 1)
        #expect(pieces.heldBytes == 0)
    }

    @Test("without the first piece nothing is known")
    func headless() {
        var pieces = PieceAssembly()
        take(&pieces, 4100, [5, 6])

        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [])
        #expect(pieces.heldBytes == 0)
    }

    @Test("a page that was not resident ends what is known")
    func fault() {
        var pieces = PieceAssembly()
        let zeros: [UInt8] = [0, 0]
        take(&pieces, 4096, [1, 2])
        unsafe pieces.take(piece(4098, zeros, flags: SECD_PIECE_FAULT), zeros.span.bytes)
        take(&pieces, 4100, [5, 6])

        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [1, 2])
        #expect(pieces.refused == 2)
    }

    @Test("pieces of a lost exec are forgotten, and counted, when all records of their time are read")
    func lostExec() {
        var pieces = PieceAssembly()
        take(&pieces, 4096, [1, 2, 3], time: 1000)
        pieces.expire(before: 1000)
        #expect(pieces.heldBytes == 3)

        pieces.expire(before: 1001)
        #expect(pieces.heldBytes == 0)
        #expect(pieces.forgotten == 3)
        #expect(pieces.takeArguments(of: Self.image, from: 4096) == [])
    }

    @Test("argv and environment of one image are two things")
    func environment() {
        var pieces = PieceAssembly()
        let (argument, variable): ([UInt8], [UInt8]) = ([1], [2, 3])
        take(&pieces, 4096, argument)
        unsafe pieces.take(piece(0, variable, kind: SECD_KIND_ENVIRONMENT), variable.span.bytes)

        #expect(pieces.takeEnvironment(of: Self.image) == variable)
        #expect(pieces.takeEnvironment(of: Self.image) == nil)
        #expect(pieces.takeArguments(of: Self.image, from: 4096) == argument)
    }

    @Test("no more than the budget is held; what is given back can be used again")
    func budget() {
        var pieces = PieceAssembly()
        let block = [UInt8](repeating: 9, count: 1 << 20)
        for index in 0..<40 { take(&pieces, index << 20, block) }

        #expect(pieces.heldBytes == 32 << 20)
        #expect(pieces.refused == 8)
        #expect(pieces.takeArguments(of: Self.image, from: 0).count == 32 << 20)
        #expect(pieces.heldBytes == 0)
        take(&pieces, 0, [1])
        #expect(pieces.takeArguments(of: Self.image, from: 0) == [1])
    }
}
