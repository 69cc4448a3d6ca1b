// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.core.internal.debug.UnmapCheck.Linked;
import ib.core.internal.debug.Watched.Family;
import ib.dma.DmaAttributes;
import ib.dma.DmaDirection;
import ib.dma.DmaIova;
import ib.dma.DmaMemory;
import ib.dma.IbDevice;
import ib.dma.debug.DmaMisuse;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Checks mappings in two steps: what is reserved, and what the ops refused. Thread-safe. */
final class IovaCheck implements Place.Layer {
  /** Reserved addresses. */
  private record Reserved(IbDevice device, String place, long address, long sizeBytes) {}

  private final Watch watch;
  private final MapCheck maps;
  private final UnmapCheck unmaps;
  private final Map<DmaIova, Reserved> live = new ConcurrentHashMap<>();

  IovaCheck(Watch watch, MapCheck maps, UnmapCheck unmaps) {
    this.watch = watch;
    this.maps = maps;
    this.unmaps = unmaps;
  }

  // ---- after the ops

  void reserved(IbDevice device, DmaIova state) {
    if (live.size() >= watch.settings.maxMappings()) {
      watch.dropped();
      return;
    }
    live.put(state, new Reserved(device, Place.ofCaller(), state.address(), state.sizeBytes()));
  }

  void linked(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      DmaMemory memory,
      long offset,
      long lengthBytes,
      DmaDirection direction,
      int attributes) {
    long address = state.address() + iovaOffset;
    maps.mapped(device, Family.IOVA, memory, offset, lengthBytes, direction, attributes, address);
  }

  void freed(DmaIova state) {
    live.remove(state);
  }

  void done(Linked linked, int attributes) {
    if (linked.mappings().isEmpty()) {
      unmaps.done(null, attributes);
    }
    linked.mappings().forEach(mapping -> unmaps.done(mapping, attributes));
  }

  /** Reports what a detached owner reserved and never freed; what was linked is told elsewhere. */
  void detached(IbDevice device) {
    live.forEach(
        (state, range) -> {
          if (range.device.equals(device) || device.equals(watch.root)) {
            live.remove(state);
            watch.report(
                DmaMisuse.LEFT_OVER,
                null,
                range.device,
                range.address,
                range.sizeBytes,
                DmaDirection.NONE,
                "the detach of " + device,
                "addresses reserved at " + range.place + " and never freed");
          }
        });
  }

  // ---- the ops refused

  /** A link, of which nothing else was reported. */
  void refusedLink(
      IbDevice device,
      DmaIova state,
      long iovaOffset,
      long lengthBytes,
      DmaDirection direction,
      int attributes,
      RuntimeException why) {
    boolean argument =
        why instanceof IndexOutOfBoundsException
            || direction == DmaDirection.NONE
            || lengthBytes < 1
            || !state.isInUse()
            || (attributes & ~DmaAttributes.SUPPORTED) != 0;
    DmaMisuse misuse = argument ? DmaMisuse.INVALID_ARGUMENT : DmaMisuse.TWO_STEP_ORDER;
    report(misuse, device, state.address() + iovaOffset, lengthBytes, direction, why);
  }

  void refusedSync(
      IbDevice device, DmaIova state, long iovaOffset, long lengthBytes, RuntimeException why) {
    long address = state.address() + iovaOffset;
    report(DmaMisuse.SYNC_OF_NOT_MAPPED, device, address, lengthBytes, DmaDirection.NONE, why);
  }

  /** A free or destroy while something is linked, or of a state that is not in use. */
  void refusedFree(IbDevice device, DmaIova state, RuntimeException why) {
    DmaMisuse misuse =
        state.isInUse() ? DmaMisuse.TWO_STEP_STILL_LINKED : DmaMisuse.UNMAP_OF_NOT_MAPPED;
    report(misuse, device, state.address(), state.sizeBytes(), DmaDirection.NONE, why);
  }

  private void report(
      DmaMisuse misuse,
      IbDevice device,
      long address,
      long sizeBytes,
      DmaDirection direction,
      RuntimeException why) {
    if (watch.isAttached(device)) {
      watch.report(
          misuse, null, device, address, sizeBytes, direction, String.valueOf(why.getMessage()));
    }
  }
}
