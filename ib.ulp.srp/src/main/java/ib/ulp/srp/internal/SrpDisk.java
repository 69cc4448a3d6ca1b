// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDevice;
import ib.block.BlockDeviceState;
import ib.block.BlockRequest;
import ib.block.DiskFigures;
import ib.block.DiskStatistics;
import java.util.function.LongSupplier;

/** A disk as its users see it. Thread-safe. */
final class SrpDisk implements BlockDevice, DiskStatistics {
  private final SrpConfig config;
  private final DiskLedger ledger = new DiskLedger();
  private final PathKeeper keeper;

  /**
   * Creates a disk; it does nothing until {@code keeper().start()}.
   *
   * @param listener told on the disk's thread
   */
  SrpDisk(SrpConfig config, LongSupplier clock, EventLog log, PathKeeper.Listener listener) {
    this.config = config;
    keeper = new PathKeeper(config, clock, log, ledger, listener);
  }

  PathKeeper keeper() {
    return keeper;
  }

  DiskLedger ledger() {
    return ledger;
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public int blockSize() {
    return keeper.engine().geometry().blockBytes();
  }

  @Override
  public long blockCount() {
    return keeper.engine().geometry().blocks();
  }

  @Override
  public int maxTransferBlocks() {
    return keeper.engine().geometry().maxTransferBlocks();
  }

  @Override
  public int maxRanges() {
    return config.maxRanges();
  }

  @Override
  public int queueDepth() {
    return config.queueSize();
  }

  @Override
  public BlockDeviceState state() {
    return keeper.engine().port().state();
  }

  @Override
  public boolean submit(BlockRequest request) {
    return keeper.engine().submit(request);
  }

  @Override
  public long finished() {
    return ledger.completed.sum() + ledger.failed.sum();
  }

  @Override
  public int inFlight() {
    return keeper.engine().inFlight();
  }

  @Override
  public DiskFigures figures() {
    return new DiskFigures(
        state(),
        keeper.path(),
        config.describeTarget(),
        ledger.submitted.sum(),
        ledger.completed.sum(),
        ledger.failed.sum(),
        ledger.completedTwice.sum(),
        inFlight(),
        keeper.engine().held(),
        ledger.resent.sum(),
        ledger.logins.sum(),
        ledger.loginFailures.sum(),
        ledger.fences.sum(),
        ledger.mappingFailures.sum(),
        keeper.lastEvent());
  }
}
