// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.block.CommandLedger;
import ib.block.DiskFigures;
import java.util.List;
import java.util.Locale;

/**
 * What a demonstration found.
 *
 * @param options how it ran
 * @param timeline its swaps
 * @param quietGapMs longest time without a completion in a window without a swap
 * @param fileSha256 of the file
 * @param readBackSha256 of what came back
 * @param passes how often the file was written and read back
 * @param bytesMoved through the disk
 * @param seconds it took
 * @param lost requests that never completed
 * @param completedTwice requests that completed twice
 * @param failed requests that failed
 * @param mismatches chunks that came back with other bytes than were written last
 * @param leftOver counted before reclaim, over all detaches
 * @param detaches how many detaches there were
 * @param disk the initiator's figures
 * @param logins the target's ledger
 * @param dma what was seen of DMA
 */
record DemoReport(
    DemoOptions options,
    List<SwapRecord> timeline,
    double quietGapMs,
    String fileSha256,
    String readBackSha256,
    int passes,
    long bytesMoved,
    double seconds,
    long lost,
    long completedTwice,
    long failed,
    long mismatches,
    long leftOver,
    long detaches,
    DiskFigures disk,
    List<CommandLedger.Login> logins,
    DmaOutcome dma) {
  /** Share of the swaps that must have had commands in flight. */
  private static final double MIN_IN_FLIGHT_SHARE = 0.9;

  boolean isGood() {
    return problems().isEmpty();
  }

  private List<String> problems() {
    java.util.ArrayList<String> found = new java.util.ArrayList<>();
    check(found, !fileSha256.equals(readBackSha256), "the checksums differ");
    check(found, lost != 0, lost + " requests lost");
    check(found, completedTwice != 0, completedTwice + " requests completed twice");
    check(found, failed != 0, failed + " requests failed");
    check(found, mismatches != 0, mismatches + " chunks came back with other bytes than written");
    check(found, leftOver != 0, leftOver + " resources left over before reclaim");
    check(found, executedTwice() != 0, executedTwice() + " commands executed twice within a login");
    check(
        found,
        dma.misuses() != 0,
        dma.misuses() + " times DMA was misused, first: " + dma.firstMisuse());
    check(
        found,
        dma.retried() != 0 && !options.dma().isFaulty(),
        dma.retried() + " requests had to be tried again");
    check(
        found,
        timeline.size() < options.swaps(),
        "only " + timeline.size() + " of " + options.swaps() + " swaps were done");
    check(
        found,
        swapsInFlight() < MIN_IN_FLIGHT_SHARE * timeline.size(),
        "commands were in flight at only " + swapsInFlight() + " of " + timeline.size() + " swaps");
    return found;
  }

  private static void check(List<String> found, boolean wrong, String problem) {
    if (wrong) {
      found.add(problem);
    }
  }

  private long swapsInFlight() {
    return timeline.stream().filter(swap -> swap.inFlight() > 0).count();
  }

  private long executedTwice() {
    return logins.stream().mapToLong(CommandLedger.Login::executedTwice).sum();
  }

  static String line(SwapRecord swap) {
    return String.format(
        Locale.ROOT,
        "%3d  %7.2f s  %-9s  in flight %2d  longest without a completion %8.1f ms  took %6d ms  %s",
        swap.number(),
        swap.atMs() / 1e3,
        swap.side(),
        swap.inFlight(),
        swap.blackoutMs(),
        swap.tookMs(),
        swap.what());
  }

  String text() {
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "%nfile       %s%nsha-256    %s%nread back  %s%n"
                + "moved      %.1f MB in %d passes and %.1f s, depth %d, seed %d%n"
                + "swaps      %d, commands in flight at %d of them; longest without a completion when quiet %.1f ms%n"
                + "target     %d logins, %d commands received, %d answered, %d executed twice in a login%n"
                + "initiator  %d logins, %d commands sent again, %d fences%n"
                + "dma        %s: %d misuses found, %d mappings not watched;"
                + " %d mappings failed at the initiator, %d requests tried again%n"
                + "left over  %d before reclaim at %d detaches%n"
                + "lost %d, completed twice %d, failed %d, wrong bytes %d%n",
            options.file(),
            fileSha256,
            readBackSha256,
            bytesMoved / 1e6,
            passes + 1,
            seconds,
            options.depth(),
            options.seed(),
            timeline.size(),
            swapsInFlight(),
            quietGapMs,
            logins.size(),
            logins.stream().mapToLong(CommandLedger.Login::received).sum(),
            logins.stream().mapToLong(CommandLedger.Login::answered).sum(),
            executedTwice(),
            disk.logins(),
            disk.resent(),
            disk.fences(),
            options.dma().words(),
            dma.misuses(),
            dma.unwatched(),
            disk.mappingFailures(),
            dma.retried(),
            leftOver,
            detaches,
            lost,
            completedTwice,
            failed,
            mismatches));
    out.append(isGood() ? "All is well." : "NOT WELL: " + String.join("; ", problems()));
    return out.toString();
  }

  String json() {
    StringBuilder out = new StringBuilder("{");
    field(out, "file", quote(options.file().toString()));
    field(out, "sha256", quote(fileSha256));
    field(out, "readBackSha256", quote(readBackSha256));
    field(out, "seed", options.seed());
    field(out, "depth", options.depth());
    field(out, "passes", passes + 1);
    field(out, "bytesMoved", bytesMoved);
    field(out, "seconds", seconds);
    field(out, "lost", lost);
    field(out, "completedTwice", completedTwice);
    field(out, "failed", failed);
    field(out, "wrongBytes", mismatches);
    field(out, "executedTwice", executedTwice());
    field(out, "resent", disk.resent());
    field(out, "initiatorLogins", disk.logins());
    field(out, "targetLogins", logins.size());
    field(out, "leftOverBeforeReclaim", leftOver);
    field(out, "detaches", detaches);
    field(out, "dma", quote(options.dma().words()));
    field(out, "dmaMisuses", dma.misuses());
    field(out, "dmaUnwatched", dma.unwatched());
    field(out, "mappingFailures", disk.mappingFailures());
    field(out, "retried", dma.retried());
    field(out, "quietGapMs", quietGapMs);
    field(out, "good", isGood());
    field(
        out,
        "problems",
        "[" + String.join(",", problems().stream().map(DemoReport::quote).toList()) + "]");
    field(
        out,
        "timeline",
        "[" + String.join(",", timeline.stream().map(DemoReport::json).toList()) + "]");
    return out.append("}").toString();
  }

  private static String json(SwapRecord swap) {
    StringBuilder out = new StringBuilder("{");
    field(out, "number", swap.number());
    field(out, "atMs", swap.atMs());
    field(out, "side", quote(swap.side()));
    field(out, "kind", quote(swap.kind()));
    field(out, "what", quote(swap.what()));
    field(out, "inFlight", swap.inFlight());
    field(out, "blackoutMs", swap.blackoutMs());
    field(out, "tookMs", swap.tookMs());
    return out.append("}").toString();
  }

  private static void field(StringBuilder out, String name, Object value) {
    out.append(out.length() > 1 ? "," : "").append(quote(name)).append(":").append(value);
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
