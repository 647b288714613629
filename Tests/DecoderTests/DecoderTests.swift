import Foundation
import Model
import Testing

/// Every decoder of bytes from others against changed inputs (docs/fuzzing.md). A trap ends the process: the seed
/// printed before says how to have it again.
@Suite struct DecoderTests {
  static let environment = ProcessInfo.processInfo.environment
  static let seed = environment["JOINTCLOUD_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
  static let rounds = environment["JOINTCLOUD_ROUNDS"].flatMap(Int.init) ?? 2_000
  static let names = ByteDecoder.all.map(\.name)

  static func decoder(_ name: String) throws -> ByteDecoder { try #require(ByteDecoder.named(name)) }

  @Test(arguments: names)
  func theCorpusIsReadAsItsNamesSay(_ name: String) throws {
    let decoder = try Self.decoder(name)
    let files = try Corpus.files(of: name)
    #expect(files.contains { !$0.isRefused }, "nothing in the corpus of \(name) is taken: make it anew")
    for file in files {
      #expect(try decoder.takes(file.bytes) == !file.isRefused, "\(name)/\(file.name) is no longer read as it was")
    }
  }

  @Test func theCorpusHoldsOnlyWhatADecoderReads() throws {
    #expect(try Set(Corpus.folders()) == Set(Self.names))
    #expect(Set(Self.names).count == Self.names.count)
  }

  @Test func theCorpusIsWhatTheEncodersMake() throws {
    let samples = try Samples.all()
    if Self.environment["JOINTCLOUD_WRITE_CORPUS"] == "1" {
      for sample in samples { try Corpus.write(sample) }
    }
    for sample in samples {
      let kept = try Corpus.files(of: sample.decoder).first { $0.name == sample.name }
      #expect(kept != nil, "\(sample.decoder)/\(sample.name) is missing: make the corpus anew")
      // Handshakes draw keys, so what they say is another each time.
      guard !sample.isDrawn else { continue }
      #expect(kept?.bytes == sample.bytes, "\(sample.decoder)/\(sample.name) is not what the encoders make")
    }
  }

  @Test(arguments: names)
  func changedInputsAreErrorsOrValuesThatKeepTheirLaw(_ name: String) throws {
    print("seed of \(name): \(Self.seed) (JOINTCLOUD_SEED repeats it)")
    fflush(nil)
    let decoder = try Self.decoder(name)
    let inputs = try Corpus.files(of: name).map(\.bytes)
    try #require(!inputs.isEmpty)
    var mutation = Mutation(random: .seeded(Self.seed))
    var taken = 0
    for round in 0..<Self.rounds {
      let other = inputs[Int.random(in: inputs.indices, using: &mutation.random)]
      let input = mutation.changed(inputs[round % inputs.count], with: other)
      do {
        if try decoder.takes(input) { taken += 1 }
      } catch {
        Issue.record("\(error.what), seed \(Self.seed), round \(round): \(Hexadecimal.encode(input))")
        return
      }
    }
    #expect(taken < Self.rounds, "seed \(Self.seed): \(name) refuses nothing")
  }
}
