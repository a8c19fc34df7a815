import CEventABI
import ProcessTree

/// Long argument lists and environments, put together from their pieces.
///
/// Pieces carry the time of their exec and are merged before it. Whatever is incomplete when its
/// exec is handled is used as far as it is whole from the start; the rest is said to be missing.
struct PieceAssembly {
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
    private(set) var refused: UInt64 = 0

    /// Takes a piece.
    mutating func take(_ piece: secd_piece, _ bytes: RawSpan) {
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
    mutating func takeArguments(of image: secd_image, from base: Int) -> [UInt8] {
        guard let pending = arguments.removeValue(forKey: ImageKey(image)) else { return [] }
        held -= pending.bytes.count
        return pending.base == base ? pending.bytes : []
    }

    /// The environment of an image, or nil: none came.
    mutating func takeEnvironment(of image: secd_image) -> [UInt8]? {
        guard let pending = environments.removeValue(forKey: ImageKey(image)) else { return nil }
        held -= pending.bytes.count
        return pending.base == 0 ? pending.bytes : nil
    }

    /// Forgets pieces whose exec never came: its record was lost.
    mutating func expire(before time: UInt64) {
        for (key, pending) in arguments where pending.time < time {
            held -= pending.bytes.count
            arguments[key] = nil
        }
        for (key, pending) in environments where pending.time < time {
            held -= pending.bytes.count
            environments[key] = nil
        }
    }
}
