import CEventABI
import PolicyCompiler

/// Texts that are looked for inside of others → an automaton that finds all of them in one pass (Aho and
/// Corasick). States have only the transitions that differ from those of the first one, laid over each other
/// where they leave room.
package struct TextAutomaton {
    /// A transition; `state` says whose.
    package struct Transition: Hashable {
        package var state: UInt32
        package var next: UInt32
        /// Texts that end here, by position.
        package var texts: [Int]
    }

    private struct Node {
        /// Onwards, by byte.
        var children: [UInt8: Int] = [:]
        /// Texts that end here, those of shorter endings included.
        var texts: [Int] = []
        /// Where it goes on as a text of fewer bytes would.
        var transitions: [UInt8: Int] = [:]
        /// The longest ending of its text that is another node.
        var shorter = 0
    }

    private static let bytes = 256
    private static let nobody = UInt32.max

    /// By state + byte; the first state has 0 … 255.
    package private(set) var transitions: [Transition]

    /// - Parameters:
    ///   - texts: not empty, in lower case with `ignoringCase`.
    ///   - ignoringCase: of ASCII letters.
    package init(_ texts: [[UInt8]], ignoringCase: Bool) {
        var nodes = Self.nodes(of: texts)
        let order = Self.close(&nodes)
        transitions = (0..<Self.bytes).map { _ in Transition(state: 0, next: 0, texts: []) }
        var places = [UInt32](repeating: 0, count: nodes.count)
        var edges = [[(byte: Int, node: Int)]](repeating: [], count: nodes.count)
        var layout = Layout()
        for node in order.dropFirst() {
            edges[node] = Self.edges(nodes[node], than: nodes[0], ignoringCase)
            places[node] = layout.place(edges[node].map(\.byte))
        }
        for (byte, node) in Self.edges(nodes[0], than: nil, ignoringCase) {
            transitions[byte] = Transition(state: 0, next: places[node], texts: nodes[node].texts)
        }
        let empty = Transition(state: Self.nobody, next: 0, texts: [])
        transitions += [Transition](repeating: empty, count: max(0, layout.end - Self.bytes))
        for node in order.dropFirst() {
            for (byte, next) in edges[node] {
                transitions[Int(places[node]) + byte] = Transition(
                    state: places[node], next: places[next], texts: nodes[next].texts)
            }
        }
    }

    private static func nodes(of texts: [[UInt8]]) -> [Node] {
        var nodes = [Node()]
        for (index, text) in texts.enumerated() {
            var at = 0
            for byte in text {
                if let next = nodes[at].children[byte] {
                    at = next
                } else {
                    nodes.append(Node())
                    nodes[at].children[byte] = nodes.count - 1
                    at = nodes.count - 1
                }
            }
            nodes[at].texts.append(index)
        }
        return nodes
    }

    /// Finds endings and transitions, shorter texts first; returns that order.
    private static func close(_ nodes: inout [Node]) -> [Int] {
        var order = [0]
        nodes[0].transitions = nodes[0].children
        var index = 0
        while index < order.count {
            let node = order[index]
            for (byte, child) in nodes[node].children.sorted(by: { $0.key < $1.key }) {
                let shorter = node == 0 ? 0 : nodes[nodes[node].shorter].transitions[byte] ?? 0
                nodes[child].shorter = shorter
                nodes[child].texts += nodes[shorter].texts
                nodes[child].transitions = nodes[shorter].transitions.merging(nodes[child].children) { $1 }
                order.append(child)
            }
            index += 1
        }
        return order
    }

    /// Transitions that are not those of another node, with both cases of letters.
    private static func edges(_ node: Node, than other: Node?, _ ignoringCase: Bool) -> [(
        byte: Int, node: Int
    )] {
        var edges: [(byte: Int, node: Int)] = []
        for (byte, next) in node.transitions where other?.transitions[byte] != next {
            edges.append((Int(byte), next))
            let isLetter = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
            if ignoringCase, isLetter { edges.append((Int(byte) - 32, next)) }
        }
        return edges.sorted { $0.byte < $1.byte }
    }

    /// Finds places for states.
    private struct Layout {
        private var taken = [Bool](repeating: true, count: TextAutomaton.bytes)
        private var states: Set<Int> = [0]
        /// No place before it is free.
        private var first = TextAutomaton.bytes

        var end: Int { (taken.lastIndex(of: true) ?? 0) + 1 }

        /// A place where these bytes are free; one without bytes goes on as the first state does.
        mutating func place(_ bytes: [Int]) -> UInt32 {
            guard let lowest = bytes.first else { return 0 }
            while first < taken.count, taken[first] { first += 1 }
            var slot = first
            while true {
                let state = slot - lowest
                let isFree = bytes.allSatisfy { state + $0 >= taken.count || !taken[state + $0] }
                if state > 0, isFree, !states.contains(state) { break }
                slot += 1
            }
            let state = slot - lowest
            states.insert(state)
            let last = state + (bytes.last ?? 0)
            if last >= taken.count {
                taken += [Bool](repeating: false, count: last + 1 - taken.count)
            }
            for byte in bytes { taken[state + byte] = true }
            return UInt32(state)
        }
    }
}
