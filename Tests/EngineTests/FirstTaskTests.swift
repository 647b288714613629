import Contract
import Coordination
import Engine
import Model
import Simulations
import Testing

@Suite struct FirstTaskTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func aTaskPassesThroughAllPlanesOfTwoNodes(seed: UInt64) throws {
    let network = try SimulatedNetwork(seed: seed, [.asker(), NodePlan(name: "worker")])
    network.meet()
    let command = network.submit(TaskPlan(), at: 0)
    let task = try #require(network.task(command, at: 0), "seed \(seed): \(network.nodes[0].answers)")
    #expect(network.finish(task, at: 0) == "succeeded", "seed \(seed)\n\(network.story(0))")
    network.settle()
    let book = try #require(network.book(of: task, at: 0))
    network.expectEqualLedgers(book.id)
    #expect(network.output(of: task, at: 0) == "0\n")
    try network.expectHealthy()
  }
}
