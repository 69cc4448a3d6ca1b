// SPDX-License-Identifier: Apache-2.0
package ib.dma.tck;

import ib.dma.DmaGuarantee;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * The cases. Rules with a number are those of the table in {@code docs/dma.md}; rules A are the
 * contract of {@link ib.dma.IbDmaOps} beyond them.
 */
public enum TckCase {
  /** Rule 5. */
  NONE_REFUSED(
      "5", "Direction NONE is refused by every call", Source.HOWTO, ArgumentCases::directionNone),
  /** Rule 6. */
  PARTIAL_SYNC("6", "A sync of a part moves that part", Source.API, DataCases::partialSync),
  /** Rule 6. */
  LIST_SYNC(
      "6",
      "A sync of a list takes the original number of entries and moves all of them",
      Source.API,
      DataCases::listSync),
  /** Rule 7. */
  LIST_WALK(
      "7",
      "mapSg returns 1 to n entries that hold all bytes in order",
      Source.API,
      ListCases::walk),
  /** Rule 7. */
  LIST_UNWIND(
      "7",
      "A failed mapSg returns 0 and leaves nothing mapped",
      Source.API,
      ListCases::failureUnwinds),
  /** Rule 8. */
  LIST_UNMAP(
      "8",
      "unmapSg takes the original number and undoes all",
      Source.API,
      ListCases::unmapOriginal),
  /** Rule 8. */
  LIST_TWICE("8", "A mapped list is refused by mapSg", Source.DEBUG, ListCases::mappedTwice),
  /** Rule 12. */
  IN_MASK(
      "12", "Every byte given to a device lies in its DMA mask", Source.API, AddressCases::inMask),
  /** Rule 13. */
  COHERENT_ALIGNED(
      "13",
      "Coherent memory and its address are aligned to the power of two that holds it",
      Source.API,
      AddressCases::coherentAligned),
  /** Rule 13. */
  COHERENT_ZEROED("13", "Coherent memory is zeroed", Source.CONTRACT, AddressCases::coherentZeroed),
  /** Rule 13. */
  COHERENT_SHARED(
      "13",
      "CPU and device see each other's writes to coherent memory without sync",
      Source.API,
      AddressCases::coherentShared),
  /** Rule 14. */
  NEVER_BLOCKS("14", "A map without room fails at once", Source.API, LifeCases::neverBlocks),
  /** Rule 15. */
  HEAP_REFUSED("15", "Heap memory is a mapping error", Source.CONTRACT, MemoryCases::heap),
  /** Rule 15. */
  CONFINED_REFUSED(
      "15",
      "Confined memory and that of a closed arena are a mapping error",
      Source.CONTRACT,
      MemoryCases::confined),
  /** Rule 15. */
  READ_ONLY_REFUSED(
      "15",
      "Read-only memory can't be mapped for writing, but for reading",
      Source.CONTRACT,
      MemoryCases::readOnly),
  /** Rule 15. */
  FOREIGN_BOUNCED(
      "15",
      "Shared, automatic and global memory can be mapped",
      Source.CONTRACT,
      MemoryCases::foreign),
  /** Rule 16. */
  NEIGHBOURS(
      "16",
      "What lies beside a mapping, and what the device left of it, stays intact",
      Source.API,
      DataCases::neighbours),
  /** Rule 17. */
  SIZE_LIMIT(
      "17",
      "A map above the maximum size is refused, one of that size works",
      Source.API,
      ArgumentCases::sizeLimit),
  /** Rule 17. */
  SEGMENT_SIZE(
      "17",
      "No mapped entry is longer than the maximum segment",
      Source.DEBUG,
      ListCases::segmentSize),
  /** Rule 17. */
  SEGMENT_BOUNDARY(
      "17",
      "No mapped entry crosses the segment boundary",
      Source.DEBUG,
      ListCases::segmentBoundary),
  /** Rule 19. */
  POOL_BLOCKS(
      "19",
      "Blocks of a pool are aligned, cross no boundary, and are apart",
      Source.POOL,
      PoolCases::blocks),
  /** Rule 19. */
  POOL_LIFE(
      "19",
      "A pool refuses a foreign and a free block, and its end while blocks are in use",
      Source.POOL,
      PoolCases::life),
  /** Rule 21. */
  SKIP_SYNC(
      "21",
      "SKIP_CPU_SYNC moves no data; an explicit sync does",
      Source.ATTRS,
      DataCases::skipSync),
  /** Rule 22. */
  TWO_STEP_LINKED(
      "22",
      "Ranges linked in order are one mapping after sync, and none after destroy",
      Source.API,
      TwoStepCases::linked),
  /** Rule 22. */
  TWO_STEP_GROWS(
      "22",
      "What is linked grows and shrinks while its addresses stay",
      Source.API,
      TwoStepCases::grows),
  /** Rule 22. */
  TWO_STEP_REFUSALS(
      "22",
      "A link out of order or not aligned, and a free of what is linked, are refused",
      Source.API,
      TwoStepCases::refusals),
  /** Rule 22. */
  TWO_STEP_RECLAIMED(
      "22", "Detach counts and reclaims what is linked", Source.CONTRACT, TwoStepCases::reclaimed),
  /** Rule A1. */
  MOVES(
      "A1",
      "Each side sees what the other wrote before the hand-over, in each family",
      Source.CONTRACT,
      DataCases::moves),
  /** Rule A2. */
  REVOKED(
      "A2",
      "After unmap the device reaches nothing",
      Source.CONTRACT,
      AccessCases::revoked,
      DmaGuarantee.REVOKED),
  /** Rule A2. */
  COHERENT_REVOKED(
      "A2",
      "After freeCoherent the device reaches nothing",
      Source.CONTRACT,
      AccessCases::coherentRevoked,
      DmaGuarantee.REVOKED),
  /** Rule A3. */
  BOUNDS(
      "A3",
      "The device reaches what is mapped, to the byte",
      Source.CONTRACT,
      AccessCases::bounds,
      DmaGuarantee.BOUNDS),
  /** Rule A3. */
  ISOLATED(
      "A3",
      "An address means nothing to another attachment",
      Source.CONTRACT,
      AccessCases::isolated,
      DmaGuarantee.BOUNDS),
  /** Rule A4. */
  DIRECTION(
      "A4",
      "An access against the direction is a fault",
      Source.CONTRACT,
      AccessCases::direction,
      DmaGuarantee.DIRECTION),
  /** Rule A5. */
  MISUSE(
      "A5",
      "Unmap and sync of what is not mapped that way are refused, and the books stay right",
      Source.CONTRACT,
      AccessCases::misuse,
      DmaGuarantee.MISUSE),
  /** Rule A6. */
  RANGES(
      "A6",
      "Ranges outside the memory, length 0 and unknown attributes are refused",
      Source.CONTRACT,
      ArgumentCases::ranges),
  /** Rule A7. */
  FAILURE_IS_A_VALUE(
      "A7",
      "A map that fails returns the error value, which leads nowhere",
      Source.CONTRACT,
      ArgumentCases::failureIsAValue),
  /** Rule A8. */
  DEFERRED_CLOSE(
      "A8",
      "Memory closed while mapped lasts until unmap",
      Source.CONTRACT,
      MemoryCases::deferredClose),
  /** Rule A9. */
  ATTACH(
      "A9", "Attach comes once, the device before its users", Source.CONTRACT, LifeCases::attach),
  /** Rule A9. */
  BOOKS(
      "A9",
      "Books count by user; detach tells what is left and reclaims it",
      Source.CONTRACT,
      LifeCases::books),
  /** Rule A9. */
  COHERENT_BOOKS("A9", "Books count coherent memory", Source.CONTRACT, LifeCases::coherentBooks),
  /** Rule A9. */
  DETACHED(
      "A9",
      "After detach maps fail, unmaps are ignored, the bus is dead",
      Source.CONTRACT,
      LifeCases::detached),
  /** Rule A11. */
  BAD_INPUT(
      "A11",
      "Bad input gives the error that the contract names, with device and address",
      Source.CONTRACT,
      BadInputCases::badInput),
  /** Rule A10. */
  RANDOM("A10", "A random sequence agrees with a model", Source.CONTRACT, StressCases::random),
  /** Rule A10. */
  CONCURRENT(
      "A10", "The same from several threads at a time", Source.CONTRACT, StressCases::concurrent);

  /** What a case does. */
  @FunctionalInterface
  interface Body {
    void run(Scratch scratch) throws Exception;
  }

  /** Where the rules come from. */
  private static final class Source {
    static final String API = "Linux Documentation/core-api/dma-api.rst";
    static final String HOWTO = "Linux Documentation/core-api/dma-api-howto.rst";
    static final String ATTRS = "Linux Documentation/core-api/dma-attributes.rst";
    static final String POOL = "Linux mm/dmapool.c";
    static final String DEBUG = "Linux kernel/dma/debug.c";
    static final String CONTRACT = "Javadoc of IbDmaOps";
  }

  private static final Set<TckCase> MISUSES =
      EnumSet.of(
          NONE_REFUSED,
          LIST_UNWIND,
          LIST_TWICE,
          NEVER_BLOCKS,
          HEAP_REFUSED,
          CONFINED_REFUSED,
          READ_ONLY_REFUSED,
          SIZE_LIMIT,
          POOL_LIFE,
          TWO_STEP_LINKED,
          TWO_STEP_GROWS,
          TWO_STEP_REFUSALS,
          TWO_STEP_RECLAIMED,
          REVOKED,
          COHERENT_REVOKED,
          BOUNDS,
          DIRECTION,
          MISUSE,
          RANGES,
          BAD_INPUT,
          FAILURE_IS_A_VALUE,
          DEFERRED_CLOSE,
          BOOKS,
          DETACHED);

  private final String rule;
  private final String contract;
  private final String source;

  @SuppressWarnings("ImmutableEnumChecker") // refers to a static method
  private final Body body;

  @SuppressWarnings("ImmutableEnumChecker") // made by Set.of
  private final Set<DmaGuarantee> guarantees;

  TckCase(String rule, String contract, String source, Body body, DmaGuarantee... needed) {
    this.rule = rule;
    this.contract = contract;
    this.source = source;
    this.body = body;
    this.guarantees = Set.of(needed);
  }

  /**
   * Number of the rule.
   *
   * @return of the table in {@code docs/dma.md}
   */
  public String rule() {
    return rule;
  }

  /**
   * Name for people to read.
   *
   * @return e.g. {@code none-refused}
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * What must hold.
   *
   * @return a sentence
   */
  public String contract() {
    return contract;
  }

  /**
   * Where the rule comes from.
   *
   * @return document or Javadoc
   */
  public String source() {
    return source;
  }

  /**
   * What ops must promise for the rule to apply.
   *
   * @return guarantees, none for a rule that all ops hold
   */
  public Set<DmaGuarantee> guarantees() {
    return guarantees;
  }

  /**
   * Whether the case breaks rules of callers and devices itself, to see what the ops make of it:
   * then debug reports it. During all others debug reports nothing.
   *
   * @return true if it does
   */
  public boolean misuses() {
    return MISUSES.contains(this);
  }

  Body body() {
    return body;
  }
}
