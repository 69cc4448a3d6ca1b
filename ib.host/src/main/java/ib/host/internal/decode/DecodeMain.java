// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import ib.transport.wire.PcapReader;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The command line of the decoder: {@code decode FILE.pcap}. */
public final class DecodeMain {
  /** All packets verify and come out of the codec as they went in. */
  public static final int OK = 0;

  /** At least one packet does not. */
  public static final int FAILED = 1;

  /** The command line or the file is of no use. */
  public static final int UNUSABLE = 2;

  private static final int BUFFER_BYTES = 1 << 16;

  private DecodeMain() {}

  /** Decodes one file to standard output and ends the JVM with the exit code of {@link #run}. */
  public static void main(String[] args) {
    System.exit(run(List.of(args)));
  }

  /** Decodes one file to standard output. */
  public static int run(List<String> args) {
    try (PrintStream out =
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), BUFFER_BYTES),
            false,
            StandardCharsets.UTF_8)) {
      return run(args, out, System.err);
    }
  }

  /**
   * Decodes one file.
   *
   * @return {@link #OK}, {@link #FAILED} or {@link #UNUSABLE}
   */
  static int run(List<String> args, PrintStream out, PrintStream err) {
    if (args.size() != 1) {
      err.println("ib: decode takes one file: ./ib decode FILE.pcap");
      return UNUSABLE;
    }
    Path file = Path.of(args.get(0));
    Decoder decoder = new Decoder(out);
    try (PcapReader reader =
        new PcapReader(new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES))) {
      decoder.decode(reader);
    } catch (IOException e) {
      out.flush();
      err.println("ib: " + file + ": " + reason(e));
      return UNUSABLE;
    }
    return decoder.summary(file.toString()) ? OK : FAILED;
  }

  private static String reason(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException _ -> "no such file";
      case java.nio.file.AccessDeniedException _ -> "may not be read";
      default -> String.valueOf(e.getMessage());
    };
  }
}
