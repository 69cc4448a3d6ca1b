// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.debug;

import ib.dma.DmaDirection;
import ib.dma.IbDevice;
import ib.dma.debug.DmaMisuse;
import ib.dma.debug.DmaReport;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What is known of one attachment that is watched. Thread-safe. */
final class Watch implements Place.Layer {
  final IbDevice root;
  final DebugSettings settings;
  final Books books;
  final Shadows shadows;
  private final Findings findings;
  private final Set<IbDevice> attached = ConcurrentHashMap.newKeySet();

  Watch(IbDevice root, DebugSettings settings, Shadows shadows, Findings findings) {
    this.root = root;
    this.settings = settings;
    this.shadows = shadows;
    this.findings = findings;
    this.books = new Books(settings.maxMappings());
  }

  void attached(IbDevice device) {
    attached.add(device);
  }

  /** False for a view that is gone: what is called through it is ignored, as the ops do. */
  boolean isAttached(IbDevice device) {
    return attached.contains(device);
  }

  void detaching(IbDevice device) {
    attached.remove(device);
  }

  /** Reports what a detached owner left, and forgets it. */
  void detached(IbDevice device) {
    List<Watched> left = books.claimAll(device.equals(root) ? null : device);
    for (Watched mapping : left) {
      report(
          DmaMisuse.LEFT_OVER,
          mapping,
          mapping.device,
          mapping.dmaAddress(),
          mapping.bytes(),
          mapping.direction,
          "the detach of " + device,
          "mapped as " + mapping.family.label() + " and never unmapped");
      forget(mapping);
    }
  }

  /** Takes a mapping out of the books and gives back its copies. */
  void forget(Watched mapping) {
    books.remove(mapping);
    for (Piece piece : mapping.pieces) {
      shadows.takeBack(piece);
    }
  }

  void dropped() {
    findings.drop();
  }

  /** Reports misuse by the caller of the operations. */
  void report(
      DmaMisuse misuse,
      @Nullable Watched mapping,
      IbDevice caller,
      long address,
      long sizeBytes,
      DmaDirection direction,
      String detail) {
    report(misuse, mapping, caller, address, sizeBytes, direction, Place.ofCaller(), detail);
  }

  void report(
      DmaMisuse misuse,
      @Nullable Watched mapping,
      IbDevice caller,
      long address,
      long sizeBytes,
      DmaDirection direction,
      String place,
      String detail) {
    if (!settings.concerns(caller.owner())) {
      return;
    }
    findings.add(
        new DmaReport(
            Instant.now(),
            misuse,
            root.name(),
            caller.owner(),
            address,
            sizeBytes,
            direction,
            mapping == null ? Place.UNKNOWN : mapping.place,
            place,
            detail),
        settings);
  }
}
