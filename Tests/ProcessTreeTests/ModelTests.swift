import CEventABI
import EventModel
import ProcessTree
import TestSupport
import Testing

/// The tree against the simplest model that can be right: keep every image for ever, and say which
/// of them must still be there.
@Suite struct ModelTests {
    private struct Model {
        struct Image {
            var parent: ImageKey?
            var binary: String
            var isAlive = true
            var endedAt: UInt64 = 0
            var isReleased = false
            var sockets = 0
        }
        var images: [ImageKey: Image] = [:]

        /// Images that must be there: alive, lingering, or needed by one that is there.
        var present: Set<ImageKey> {
            var present = Set(images.filter { !$0.value.isReleased || $0.value.sockets > 0 }.keys)
            for key in present {
                var ancestor = images[key]?.parent
                while let current = ancestor, present.insert(current).inserted {
                    ancestor = images[current]?.parent
                }
            }
            return present
        }

        mutating func end(_ key: ImageKey, at time: UInt64) {
            images[key]?.isAlive = false
            images[key]?.endedAt = time
        }

        mutating func collect(before horizon: UInt64) {
            for (key, image) in images
            where !image.isAlive && image.endedAt + ProcessTree.lingering < horizon {
                images[key]?.isReleased = true
            }
        }
    }

    @Test(arguments: 0..<12)
    func randomOperationsKeepWhatTheModelKeeps(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var machine = Machine()
        var model = Model()
        let initial = Machine.image(1, 1)
        machine.seed(initial)
        model.images[ImageKey(initial)] = Model.Image(parent: nil, binary: "/sbin/init")
        var held: [ProcessObject] = []
        for step in 0..<4000 {
            let living = machine.tree.all.filter { $0.state == .alive }.sorted {
                $0.key.start_ns < $1.key.start_ns
            }
            let chosen = try #require(living.randomElement(using: &random))
            let key = ImageKey(chosen.key)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<35 where living.count < 200:
                // Pids from a small range: they are used again and again.
                let child = machine.fork(chosen.key, pid: UInt32.random(in: 2..<60, using: &random))
                model.images[ImageKey(child.key)] = Model.Image(parent: key, binary: chosen.binary)
            case 0..<60:
                let binary = "/bin/\(step)"
                let next = machine.exec(chosen.key, binary)
                model.images[ImageKey(next.key)] = Model.Image(
                    parent: model.images[key]?.parent, binary: binary)
                model.end(key, at: next.key.start_ns)
            case 0..<85 where chosen.key.pid != 1:
                machine.exit(chosen.key)
                model.end(key, at: machine.now)
            case 0..<90:
                machine.tree.retain(chosen)
                model.images[key]?.sockets += 1
                held.append(chosen)
            case 0..<95 where !held.isEmpty:
                let object = held.remove(at: Int.random(in: held.indices, using: &random))
                model.images[ImageKey(object.key)]?.sockets -= 1
                machine.tree.release(object)
            default:
                let horizon = machine.tick(UInt64.random(in: 0..<200_000_000, using: &random))
                machine.tree.collect(before: horizon)
                model.collect(before: horizon)
            }
            if step % 50 == 0 { try compare(machine.tree, model) }
        }
        try compare(machine.tree, model)
    }

    private func compare(_ tree: ProcessTree, _ model: Model) throws {
        let present = model.present
        #expect(Set(tree.all.map { ImageKey($0.key) }) == present)
        #expect(tree.live == model.images.values.count { $0.isAlive })
        #expect(tree.retained == present.count - tree.live)
        for object in tree.all {
            let expected = try #require(model.images[ImageKey(object.key)])
            #expect(object.binary == expected.binary)
            #expect(object.parent.map { ImageKey($0.key) } == expected.parent)
            #expect((object.state == .alive) == expected.isAlive)
            let children = present.count { model.images[$0]?.parent == ImageKey(object.key) }
            #expect(object.references == children + expected.sockets)
        }
    }
}
