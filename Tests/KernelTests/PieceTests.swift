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

        let found = pieces.takeEnvironment(of: Self.image, total: 2)
        #expect(found.variables == variable && found.missing == 0)
        let again = pieces.takeEnvironment(of: Self.image, total: 2)
        #expect(again.variables == [] && again.missing == 2)
        #expect(pieces.takeArguments(of: Self.image, from: 4096) == argument)
    }

    @Test(
        "of an environment whole variables are taken, and the bytes of all others are missing",
        arguments: [
            // "A=1" NUL "B=2" NUL; offset of the second piece, whether it is readable; taken, missing
            (4, true, 8, 0), (5, true, 4, 4), (4, false, 4, 4),
        ])
    func cutEnvironment(_ second: Int, _ isReadable: Bool, _ taken: Int, _ missing: Int) {
        var pieces = PieceAssembly()
        let (first, rest) = (Array("A=1\0".utf8), Array("B=2\0".utf8))
        unsafe pieces.take(piece(0, first, kind: SECD_KIND_ENVIRONMENT), first.span.bytes)
        unsafe pieces.take(
            piece(
                second, rest, kind: SECD_KIND_ENVIRONMENT, flags: isReadable ? 0 : SECD_PIECE_FAULT),
            rest.span.bytes)

        let found = pieces.takeEnvironment(of: Self.image, total: 8)
        #expect(found.variables == Array((first + rest).prefix(taken)))
        #expect(found.missing == missing)
        #expect(pieces.refused == (missing == 0 ? 0 : 1))
        #expect(pieces.heldBytes == 0)
    }

    @Test("half a variable is missing as a whole: rules that hide values look at whole ones")
    func halfVariable() {
        var pieces = PieceAssembly()
        let begin = Array("A=1\0PASSW".utf8)
        unsafe pieces.take(piece(0, begin, kind: SECD_KIND_ENVIRONMENT), begin.span.bytes)

        let found = pieces.takeEnvironment(of: Self.image, total: 20)
        #expect(found.variables == Array("A=1\0".utf8))
        #expect(found.missing == 16)
    }

    @Test("an environment without its first piece is missing as a whole")
    func headlessEnvironment() {
        var pieces = PieceAssembly()
        let rest = Array("B=2\0".utf8)
        unsafe pieces.take(piece(4, rest, kind: SECD_KIND_ENVIRONMENT), rest.span.bytes)

        let found = pieces.takeEnvironment(of: Self.image, total: 8)
        #expect(found.variables == [] && found.missing == 8)
        #expect(pieces.heldBytes == 0)
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
