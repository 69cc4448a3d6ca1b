// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import static ib.dma.tck.Scratch.PAGE;
import static ib.dma.tck.Scratch.check;

import ib.dma.DmaDirection;
import ib.dma.DmaGuarantee;
import ib.dma.DmaMemory;
import ib.dma.DmaUsage;
import ib.dma.IbDevice;
import ib.dma.IbDma;
import ib.dma.ScatterList;
import java.util.ArrayList;
import java.util.List;

/** A table of calls that are wrong, each with the error it gets. */
final class BadInputCases {
  private static final DmaDirection TO = DmaDirection.TO_DEVICE;
  private static final DmaDirection NONE = DmaDirection.NONE;
  private static final Class<IllegalArgumentException> ARGUMENT = IllegalArgumentException.class;
  private static final Class<IndexOutOfBoundsException> RANGE = IndexOutOfBoundsException.class;

  private BadInputCases() {}

  /** A call, the error it gets, and what the message must name. */
  private record Bad(
      String what, Class<? extends RuntimeException> error, List<String> names, Runnable call) {}

  static void badInput(Scratch s) {
    DmaMemory memory = s.pooled(2L * PAGE);
    List<Bad> table = new ArrayList<>();
    addArguments(s, memory, table);
    long mapped = s.map(memory, 0, PAGE, TO);
    addOfMapped(s, mapped, table);
    if (s.guarantees(DmaGuarantee.MISUSE)) {
      addOfOthers(s, memory, table);
    }
    DmaUsage before = s.ops.usage(s.user);
    int pins = memory.pinCount();
    for (Bad bad : table) {
      checkRefused(bad);
      s.checkUsage(before, "after " + bad.what);
      int more = memory.pinCount() - pins;
      // What a lazy unmap left pinned before may go at any time.
      boolean same = s.guarantees(DmaGuarantee.REVOKED) ? more == 0 : more <= 0;
      check(same, "%s left %d pins", bad.what, more);
    }
    s.dma.unmapSingle(mapped, PAGE, TO);
    s.checkUsage(DmaUsage.NONE, "after the last unmap");
  }

  private static void checkRefused(Bad bad) {
    try {
      bad.call.run();
    } catch (RuntimeException e) {
      check(bad.error.isInstance(e), "%s gives %s, not %s", bad.what, e, bad.error.getSimpleName());
      for (String name : bad.names) {
        String message = String.valueOf(e.getMessage());
        check(message.contains(name), "the error of %s names no %s: %s", bad.what, name, message);
      }
      return;
    }
    throw new CaseFailure(bad.what + " is accepted instead of " + bad.error.getSimpleName());
  }

  private static void addArguments(Scratch s, DmaMemory memory, List<Bad> table) {
    List<String> device = List.of(s.root().name());
    Class<NullPointerException> missing = NullPointerException.class;
    long size = memory.size();
    table.add(
        new Bad("null memory", missing, List.of(), () -> s.dma.mapSingle(nothing(), 0, 8, TO)));
    table.add(
        new Bad("a page of null", missing, List.of(), () -> s.dma.mapPage(nothing(), 0, 0, 8, TO)));
    table.add(new Bad("a null list", missing, List.of(), () -> s.dma.mapSg(nothing(), 1, TO)));
    table.add(
        new Bad(
            "direction null", missing, List.of(), () -> s.dma.mapSingle(memory, 0, 8, nothing())));
    table.add(
        new Bad("a range past the end", RANGE, device, () -> s.dma.mapSingle(memory, 1, size, TO)));
    table.add(
        new Bad(
            "a range before the start", RANGE, device, () -> s.dma.mapSingle(memory, -1, 8, TO)));
    table.add(
        new Bad("a negative length", RANGE, device, () -> s.dma.mapSingle(memory, 0, -8, TO)));
    table.add(
        new Bad(
            "a length past everything",
            RANGE,
            device,
            () -> s.dma.mapSingle(memory, 8, Long.MAX_VALUE, TO)));
    table.add(
        new Bad("a part of two pages", RANGE, device, () -> s.dma.mapPage(memory, 0, 8, PAGE, TO)));
    table.add(
        new Bad("a page past the end", RANGE, device, () -> s.dma.mapPage(memory, 2, 0, 8, TO)));
    table.add(
        new Bad(
            "a page before the start", RANGE, device, () -> s.dma.mapPage(memory, -1, 0, 8, TO)));
    table.add(new Bad("0 bytes", ARGUMENT, device, () -> s.dma.mapSingle(memory, 0, 0, TO)));
    table.add(
        new Bad("0 bytes of a page", ARGUMENT, device, () -> s.dma.mapPage(memory, 0, 0, 0, TO)));
    table.add(
        new Bad("map with NONE", ARGUMENT, device, () -> s.dma.mapSingle(memory, 0, 8, NONE)));
    table.add(new Bad("0 coherent bytes", ARGUMENT, device, () -> s.dma.allocCoherent(0)));
    ScatterList list = new ScatterList(1).add(memory, 0, 8);
    table.add(new Bad("a list with NONE", ARGUMENT, device, () -> s.dma.mapSg(list, 1, NONE)));
    table.add(new Bad("0 entries", ARGUMENT, device, () -> s.dma.mapSg(list, 0, TO)));
    addAboveMaximum(s, table);
  }

  private static void addAboveMaximum(Scratch s, List<Bad> table) {
    long most = s.dma.maxMappingSize();
    if (most < 64L << 20) {
      DmaMemory large = s.pooled(most + 1);
      List<String> names = List.of(s.root().name(), String.valueOf(most));
      table.add(
          new Bad(
              "more than the maximum",
              ARGUMENT,
              names,
              () -> s.dma.mapSingle(large, 0, most + 1, TO)));
    }
  }

  private static List<String> names(Scratch s, long address) {
    return List.of(s.root().name(), "0x" + Long.toHexString(address));
  }

  private static void addOfMapped(Scratch s, long mapped, List<Bad> table) {
    List<String> device = List.of(s.root().name());
    table.add(
        new Bad("unmap with NONE", ARGUMENT, device, () -> s.dma.unmapSingle(mapped, PAGE, NONE)));
    table.add(
        new Bad("sync with NONE", ARGUMENT, device, () -> s.dma.syncSingleForCpu(mapped, 8, NONE)));
    if (s.guarantees(DmaGuarantee.MISUSE)) {
      List<String> both = names(s, mapped);
      table.add(new Bad("another length", ARGUMENT, both, () -> s.dma.unmapSingle(mapped, 8, TO)));
      table.add(new Bad("another family", ARGUMENT, both, () -> s.dma.unmapPage(mapped, PAGE, TO)));
      table.add(
          new Bad(
              "another direction",
              ARGUMENT,
              both,
              () -> s.dma.unmapSingle(mapped, PAGE, DmaDirection.FROM_DEVICE)));
    }
  }

  private static void addOfOthers(Scratch s, DmaMemory memory, List<Bad> table) {
    long twice = s.map(memory, PAGE, 64, TO);
    s.dma.unmapSingle(twice, 64, TO);
    table.add(
        new Bad(
            "a second unmap", ARGUMENT, names(s, twice), () -> s.dma.unmapSingle(twice, 64, TO)));
    long before = addressOfAnEndedAttachment(s, memory);
    table.add(
        new Bad(
            "an address of another generation",
            ARGUMENT,
            names(s, before),
            () -> s.dma.unmapSingle(before, 100, TO)));
    IbDma stranger = new IbDma(s.newUser("ib.dma.tck.stranger"), s.ops);
    long other = s.map(memory, PAGE, 200, TO);
    table.add(
        new Bad(
            "an address of another user",
            ARGUMENT,
            names(s, other),
            () -> stranger.unmapSingle(other, 200, TO)));
    table.add(
        new Bad(
            "an address that nobody mapped",
            ARGUMENT,
            names(s, 0x7_0000),
            () -> s.dma.unmapSingle(0x7_0000, 8, TO)));
    s.dma.unmapSingle(other, 200, TO);
  }

  private static long addressOfAnEndedAttachment(Scratch s, DmaMemory memory) {
    IbDevice root = s.anotherRoot();
    IbDevice view = root.forOwner("ib.dma.tck.other");
    s.ops.attach(view);
    IbDma before = new IbDma(view, s.ops);
    long address = before.mapSingle(memory, PAGE, 100, TO);
    check(!before.mappingError(address), "another device can't map");
    s.ops.detach(view);
    s.ops.detach(root);
    return address;
  }

  /** What a caller gives who forgot to initialise it. */
  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }
}
