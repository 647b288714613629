import Manifest
import Model
import Testing

@Suite struct ReadingTests {
  @Test func everyFieldIsRead() throws {
    let manifest = try ManifestReader.read(
      text: """
        apiVersion: jointcloud/v1
        kind: Task
        metadata:
          name: all-fields
          labels: {team: physics, org/stage: "1"}
        spec:
          work: simulation
          inputs:
            - {name: text, files: ["a/*.txt", "b/**/*.txt"], split: byRange, partSize: 64Ki}
            - {name: settings, files: settings.ini}
          command: [sh, -c, "wc -w < $INPUT_TEXT", ""]
          resources: {cpu: 500m, memory: 64Mi}
          env: {MODE: on, LEVEL: 08, EMPTY: ""}
          timeouts: {negotiate: 250ms, queue: 10s, execute: 1m, total: 1h}
          retry: {attempts: 7}
          priority: -3
          adapter: local
          priceLimit: 0.0025
          results: [out.txt, folder/log.txt]
          outputLimit: 1Mi
          reduce:
            script: |
              awk '{s+=$1} END{print s}'
            resources: {cpu: 2}
            results: [sum.txt]
        """, fileName: "task.yaml")
    #expect(manifest.name == "all-fields")
    #expect(manifest.labels == ["team": "physics", "org/stage": "1"])
    #expect(manifest.kind == "simulation")
    #expect(manifest.inputs.map(\.name) == ["text", "settings"])
    #expect(manifest.inputs.map(\.splits) == [true, false])
    guard case .files(let globs, .byRange(partBytes: 65_536)) = manifest.inputs[0].source else {
      Issue.record("wrong source: \(manifest.inputs[0].source)")
      return
    }
    #expect(globs.map(\.text) == ["a/*.txt", "b/**/*.txt"])
    #expect(manifest.work == .command(["sh", "-c", "wc -w < $INPUT_TEXT", ""]))
    #expect(manifest.needs == Amounts(cpuMillicores: 500, memoryBytes: 64 << 20))
    #expect(manifest.environment == ["MODE": "on", "LEVEL": "08", "EMPTY": ""])
    #expect(manifest.timeouts.negotiate == .milliseconds(250))
    #expect(manifest.timeouts.queue == .seconds(10))
    #expect(manifest.timeouts.execute == .seconds(60))
    #expect(manifest.timeouts.total == .seconds(3_600))
    #expect(manifest.attemptLimit == 7)
    #expect(manifest.priority == -3)
    #expect(manifest.adapter == "local")
    #expect(manifest.priceLimitMicroPerCPUSecond == 2_500)
    #expect(manifest.results == ["out.txt", "folder/log.txt"])
    #expect(manifest.outputLimitBytes == 1 << 20)
    #expect(manifest.reduce?.work == .script("awk '{s+=$1} END{print s}'\n"))
    #expect(manifest.reduce?.needs == Amounts(cpuMillicores: 2_000, memoryBytes: 64 << 20))
    #expect(manifest.reduce?.results == ["sum.txt"])
    #expect(manifest.replicas == 1)
  }

  @Test func silenceMeansTheDefaults() throws {
    let manifest = try read("command: [\"true\"]")
    #expect(manifest.kind == "batch")
    #expect(manifest.needs == Amounts(cpuMillicores: 1_000, memoryBytes: 256 << 20))
    #expect(manifest.timeouts == .standard)
    #expect(manifest.attemptLimit == 3)
    #expect(manifest.outputLimitBytes == 16 << 20)
    #expect(manifest.reduce == nil)
  }

  @Test func jsonIsReadToo() throws {
    let manifest = try ManifestReader.read(
      text: """
        {"apiVersion": "jointcloud/v1", "kind": "Task", "metadata": {"name": "json"},
         "spec": {"script": "echo \\u0041", "replicas": 4, "resources": {"cpu": 2}}}
        """, fileName: "task.json")
    #expect(manifest.work == .script("echo A"))
    #expect(manifest.replicas == 4)
    #expect(manifest.needs.cpuMillicores == 2_000)
  }

  @Test(arguments: [
    ("cpu", "1.25", 1_250), ("cpu", "250m", 250), ("cpu", "0.001", 1), ("memory", "1048576", 1 << 20),
    ("memory", "2Gi", 2 << 30), ("memory", "2048Ki", 2 << 20),
  ]) func amountsAreExact(field: String, text: String, expected: Int) throws {
    let needs = try read("command: [\"true\"]\nresources: {\(field): \(text)}").needs
    #expect((field == "cpu" ? needs.cpuMillicores : needs.memoryBytes) == expected)
  }

  @Test func readingAgainWhatWasWrittenGivesTheSame() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = Random.seeded(seed)
    for round in 0..<300 {
      let sample = RandomManifest(&random)
      let manifest = try ManifestReader.read(text: sample.text, fileName: "random.yaml")
      #expect(sample.matches(manifest), "seed \(seed), round \(round):\n\(sample.text)")
    }
  }
}
