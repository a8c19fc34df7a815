package import CEventABI
import ProcessTree

/// Long argument lists and environments, put together from their pieces.
///
/// An exec record is sent, and stamped, after its pieces: they are merged before it. Whatever is incomplete
/// when its exec is handled is used as far as it is whole from the start; the rest is said to be missing
/// (`argv_missing_bytes`, `environment_missing_bytes`). Pieces whose exec record was lost are forgotten: `stream_gap` tells of the record.
package struct PieceAssembly {
    /// Argument lists under construction at most, bytes in all: 2 MiB each is Linux's usual limit.
    private static let budget = 32 << 20

    private struct Pending {
        var bytes: [UInt8]
        /// Where they begin in the whole: behind what the exec record carries.
        var base: Int
        /// Bytes that are whole from the start.
        var complete: Int
        var time: UInt64
    }

    private var arguments: [ImageKey: Pending] = [:]
    private var environments: [ImageKey: Pending] = [:]
    private var held = 0
    /// Pieces that came out of order, damaged, or beyond the budget.
    package private(set) var refused: UInt64 = 0
    /// Pieces' bytes that no exec asked for in time.
    package private(set) var forgotten: Int = 0
    /// Bytes that wait for their exec.
    package var heldBytes: Int { held }

    package init() {}

    /// Takes a piece.
    package mutating func take(_ piece: secd_piece, _ bytes: RawSpan) {
        let isArguments = Int32(piece.head.kind) == SECD_KIND_ARGUMENTS
        let length = min(Int(piece.length), bytes.byteCount)
        guard held + length <= Self.budget else {
            refused += 1
            return
        }
        let key = ImageKey(piece.image)
        let known = isArguments ? arguments.removeValue(forKey: key) : environments.removeValue(forKey: key)
        var pending = known ?? Pending(bytes: [], base: Int(piece.offset), complete: 0, time: 0)
        pending.time = piece.head.time_ns
        if Int(piece.offset) - pending.base == pending.complete, piece.flags & SECD_PIECE_FAULT == 0 {
            unsafe bytes.extracting(0..<length).withUnsafeBytes {
                unsafe pending.bytes.append(contentsOf: $0)
            }
            pending.complete += length
            held += length
        } else {
            refused += 1
        }
        if isArguments { arguments[key] = pending } else { environments[key] = pending }
    }

    /// The argument bytes behind the first `base`, which the exec record carries.
    package mutating func takeArguments(of image: secd_image, from base: Int) -> [UInt8] {
        guard let pending = arguments.removeValue(forKey: ImageKey(image)) else { return [] }
        held -= pending.bytes.count
        return pending.base == base ? pending.bytes : []
    }

    /// The environment of an image, of which the exec record told the size: the variables that are whole, and how
    /// many bytes of the rest there were. Half a variable is left out: rules that hide values look at whole ones.
    package mutating func takeEnvironment(
        of image: secd_image, total: Int
    ) -> (variables: [UInt8], missing: Int) {
        guard let pending = environments.removeValue(forKey: ImageKey(image)) else { return ([], total) }
        held -= pending.bytes.count
        guard pending.base == 0 else { return ([], total) }
        var variables = pending.bytes
        if variables.count < total {
            let whole = variables.lastIndex(of: 0).map { $0 + 1 } ?? 0
            variables.removeLast(variables.count - whole)
        }
        return (variables, max(0, total - variables.count))
    }

    /// Forgets pieces whose exec never came: its record was lost.
    /// - Parameter time: CLOCK_BOOTTIME of records up to which all have been handled, less a margin. Not the
    ///   clock: where the reader is behind, the exec record of an old piece may wait in its ring.
    package mutating func expire(before time: UInt64) {
        Self.expire(&arguments, before: time, &held, &forgotten)
        Self.expire(&environments, before: time, &held, &forgotten)
    }

    private static func expire(
        _ table: inout [ImageKey: Pending], before time: UInt64, _ held: inout Int, _ forgotten: inout Int
    ) {
        for (key, pending) in table where pending.time < time {
            held -= pending.bytes.count
            forgotten += pending.bytes.count
            table[key] = nil
        }
    }
}
