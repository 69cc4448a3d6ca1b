// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.DmaMemoryPool;
import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * A defect, the case made to find it, and the other cases that find it too; but for the random
 * ones, which may find any.
 */
enum Mutant {
  TAKES_NONE(TckCase.NONE_REFUSED, (o, p) -> BrokenOps.takesNoneInListSync(o)),
  FORGETS_OFFSET(TckCase.PARTIAL_SYNC, (o, p) -> BrokenOps.forgetsOffsetOfSync(o)),
  FORGETS_LIST_SYNC(TckCase.LIST_SYNC, (o, p) -> BrokenOps.forgetsListSync(o)),
  LENGTH_BEFORE_MERGE(
      TckCase.LIST_WALK, (o, p) -> BrokenOps.tellsLengthBeforeMerge(o), TckCase.LIST_SYNC),
  LEAVES_FAILED_LIST(TckCase.LIST_UNWIND, (o, p) -> BrokenOps.leavesFailedListPinned(o)),
  LEAVES_LIST(TckCase.LIST_UNMAP, (o, p) -> BrokenOps.leavesLongListPinned(o)),
  MAPS_LIST_TWICE(TckCase.LIST_TWICE, (o, p) -> BrokenOps.mapsListTwice(o)),
  LEAVES_MASK(TckCase.IN_MASK, (o, p) -> BrokenOps.leavesMaskWithPages(o), TckCase.MOVES),
  MISALIGNS_COHERENT(
      TckCase.COHERENT_ALIGNED,
      (o, p) -> BrokenOps.misalignsCoherent(o),
      TckCase.POOL_BLOCKS,
      TckCase.BAD_INPUT),
  DIRTY_COHERENT(TckCase.COHERENT_ZEROED, (o, p) -> BrokenOps.givesDirtyCoherent(o)),
  COPIES_COHERENT(
      TckCase.COHERENT_SHARED,
      BrokenOps::givesCopyOfCoherent,
      TckCase.POOL_BLOCKS,
      TckCase.BAD_INPUT),
  WAITS_FOR_ROOM(TckCase.NEVER_BLOCKS, (o, p) -> BrokenOps.waitsForRoom(o)),
  TAKES_HEAP(TckCase.HEAP_REFUSED, BrokenOps::acceptsHeap),
  TAKES_CONFINED(TckCase.CONFINED_REFUSED, BrokenOps::acceptsConfined),
  TAKES_READ_ONLY(TckCase.READ_ONLY_REFUSED, BrokenOps::acceptsReadOnly),
  REFUSES_GLOBAL(TckCase.FOREIGN_BOUNCED, (o, p) -> BrokenOps.refusesGlobal(o)),
  WRITES_BEHIND(TckCase.NEIGHBOURS, (o, p) -> BrokenOps.writesBehindMapping(o)),
  FAILS_ABOVE_MAXIMUM(
      TckCase.SIZE_LIMIT, (o, p) -> BrokenOps.failsAboveMaximum(o), TckCase.BAD_INPUT),
  LONG_ENTRIES(TckCase.SEGMENT_SIZE, (o, p) -> BrokenOps.merges(o, 1 << 30, 1 << 17)),
  CROSSES_BOUNDARY(TckCase.SEGMENT_BOUNDARY, (o, p) -> BrokenOps.merges(o, 1 << 20, 1L << 40)),
  COHERENT_TWICE(
      TckCase.POOL_BLOCKS, (o, p) -> BrokenLife.givesCoherentTwice(o), TckCase.POOL_LIFE),
  HALF_A_PAGE(TckCase.POOL_LIFE, (o, p) -> BrokenLife.countsHalfAPage(o)),
  FORGETS_SKIP(TckCase.SKIP_SYNC, (o, p) -> BrokenOps.forgetsSkip(o)),
  SYNCS_FIRST_RANGE(TckCase.TWO_STEP_LINKED, (o, p) -> BrokenLife.syncsFirstRangeOnly(o)),
  LEAVES_LINKED(TckCase.TWO_STEP_GROWS, (o, p) -> BrokenLife.leavesUnlinked(o)),
  FREES_LINKED(TckCase.TWO_STEP_REFUSALS, (o, p) -> BrokenLife.freesWhatIsLinked(o)),
  FORGETS_TWO_STEP(TckCase.TWO_STEP_RECLAIMED, (o, p) -> BrokenLife.forgetsTwoStepInBooks(o)),
  FORGETS_PAGES(TckCase.MOVES, (o, p) -> BrokenLife.forgetsToCopyPagesBack(o)),
  KEEPS_COHERENT(TckCase.COHERENT_REVOKED, (o, p) -> BrokenLife.keepsCoherentInReach(o)),
  SHARES_ADDRESSES(TckCase.ISOLATED, (o, p) -> BrokenLife.sharesAddresses(o)),
  TAKES_ATTRIBUTES(TckCase.RANGES, (o, p) -> BrokenLife.takesUnknownAttributes(o)),
  ERROR_LEADS(TckCase.FAILURE_IS_A_VALUE, BrokenLife::errorLeadsSomewhere),
  MAPS_CLOSING(TckCase.DEFERRED_CLOSE, BrokenLife::mapsWhatIsBeingClosed),
  ATTACHES_TWICE(TckCase.ATTACH, (o, p) -> BrokenLife.attachesTwice(o)),
  FORGETS_COHERENT(
      TckCase.COHERENT_BOOKS, (o, p) -> BrokenLife.forgetsCoherentInBooks(o), TckCase.POOL_LIFE),
  REFUSES_LATE(TckCase.DETACHED, (o, p) -> BrokenLife.refusesAfterDetach(o)),
  SAYS_TOO_LITTLE(TckCase.BAD_INPUT, (o, p) -> BrokenLife.saysTooLittle(o)),
  LOSES_COUNT(TckCase.RANDOM, (o, p) -> BrokenLife.losesCount(o)),
  ONE_THREAD(TckCase.CONCURRENT, (o, p) -> BrokenLife.servesOneThread(o)),
  KEEPS_PAGE(TckCase.REVOKED, (o, p) -> BrokenOps.keepsPageMapped(o), TckCase.MOVES),
  CHECKS_FIRST_BYTE(
      TckCase.BOUNDS, (o, p) -> BrokenOps.checksFirstByteOnly(o), TckCase.TWO_STEP_LINKED),
  IGNORES_DIRECTION(TckCase.DIRECTION, (o, p) -> BrokenOps.ignoresDirection(o)),
  TOLERATES_MISUSE(
      TckCase.MISUSE,
      (o, p) -> BrokenOps.toleratesSecondUnmap(o),
      TckCase.TWO_STEP_REFUSALS,
      TckCase.BAD_INPUT),
  FORGETS_LISTS(TckCase.BOOKS, (o, p) -> BrokenOps.forgetsListsInBooks(o));

  private final TckCase target;

  @SuppressWarnings("ImmutableEnumChecker") // refers to a static method
  private final BiFunction<IbDmaOps, DmaMemoryPool, IbDmaOps> defect;

  @SuppressWarnings("ImmutableEnumChecker") // never changed
  private final Set<TckCase> also;

  Mutant(TckCase target, BiFunction<IbDmaOps, DmaMemoryPool, IbDmaOps> defect, TckCase... also) {
    this.target = target;
    this.defect = defect;
    this.also = Set.of(also);
  }

  TckCase target() {
    return target;
  }

  Set<TckCase> foundBy() {
    Set<TckCase> all = EnumSet.of(target);
    all.addAll(also);
    return all;
  }

  IbDmaOps over(IbDmaOps ops, DmaMemoryPool pool) {
    return defect.apply(ops, pool);
  }

  /** The device on which the defect shows. */
  IbDevice device() {
    return target == TckCase.SEGMENT_BOUNDARY ? TckDevices.bounded() : TckDevices.narrow();
  }

  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
