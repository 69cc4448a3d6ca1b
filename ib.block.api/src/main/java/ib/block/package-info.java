// SPDX-License-Identifier: Apache-2.0
/**
 * Block devices: SRP initiators provide them (import {@code [1.0,1.1)}), exporters, tools and
 * benchmarks consume them ({@code [1,2)}). Also the ledger by which a target shows what it
 * executed.
 */
@Export
@Version("1.0.0")
@NullMarked
package ib.block;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
