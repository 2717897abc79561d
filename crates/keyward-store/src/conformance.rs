//! The tests every backend must pass. A backend runs them all with one function that opens a fresh
//! database and one line:
//!
//! ```text
//! async fn fresh(rows: Arc<NumberedKeys>) -> (Arc<dyn Store>, TempDir) { … }
//! keyward_store::conformance_tests!(fresh);
//! ```
//!
//! What needs a hand on the raw rows (forgery, crashes) is tested beside each backend.

#![expect(missing_docs, reason = "the names of these functions say it")]
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod accounts;
pub mod aliases;
pub mod change;
pub mod credentials;
pub mod deployment;
pub mod domain_keys;
pub mod entities;
pub mod grants;
pub mod import_wrapping_keys;
pub mod keys;
pub mod last_uses;
pub mod limits;
pub mod materials;
mod numbered_keys;
pub mod outbox;
pub mod policies;
pub mod principal_uses;
pub mod resealing;
pub mod samples;
pub mod services;
pub mod tags;
pub mod trail;

use std::sync::Arc;

pub use numbered_keys::{NumberedKeys, sealed};

use crate::{Change, CommitError, Committed, Precondition, Store, Write};

/// A fresh database and the keys that authenticate its rows.
pub struct Subject {
    pub store: Arc<dyn Store>,
    pub rows: Arc<NumberedKeys>,
}

impl Subject {
    async fn commit(&self, change: Change) -> Result<Committed, CommitError> {
        self.store.commit(change).await
    }

    async fn write(&self, writes: Vec<Write>) -> Committed {
        self.commit(Change { writes, ..Change::default() }).await.unwrap()
    }

    async fn write_if(
        &self,
        precondition: Precondition,
        write: Write,
    ) -> Result<Committed, CommitError> {
        let (preconditions, writes) = (vec![precondition], vec![write]);
        self.commit(Change { preconditions, writes, ..Change::default() }).await
    }
}

/// Makes one `#[tokio::test]` of each conformance test. `$fresh` names an async function from
/// `Arc<NumberedKeys>` to `(Arc<dyn Store>, guard)`; the guard is dropped after the test.
#[macro_export]
macro_rules! conformance_tests {
    ($fresh:ident) => {
        $crate::conformance_tests! { @each $fresh
            accounts {
                an_account_is_found_after_it_is_added
                an_account_is_of_use_to_nobody_before_it_is_added
                accounts_are_listed_in_the_order_of_ids
                the_owner_of_a_hidden_account_survives
            }
            aliases {
                an_alias_is_found_with_the_change_that_wrote_it
                an_alias_moves_in_one_step
                an_alias_is_found_in_its_account_and_region_only
                an_alias_is_gone_after_it_is_removed
                aliases_are_listed_by_the_bytes_of_their_names
                aliases_of_a_key_are_those_that_point_to_it
                a_list_of_aliases_goes_on_behind_a_removed_one
            }
            change {
                a_change_is_seen_by_every_read_after_it
                a_change_without_writes_commits_its_audit_record
                writes_happen_in_their_order
                a_failed_precondition_undoes_nothing_and_writes_nothing
                a_failed_write_takes_back_the_writes_before_it
                a_row_of_a_key_that_does_not_exist_is_refused
                numbers_count_up_from_one_within_a_shard
                a_failed_change_takes_no_number
                concurrent_changes_take_every_number_once
                concurrent_changes_each_get_their_own_verdict
                of_changes_that_rest_on_one_number_exactly_one_commits
                of_changes_that_want_one_name_exactly_one_commits
            }
            credentials {
                a_credential_is_found_after_it_is_added
                a_credential_is_replaced_whole
                a_credential_is_gone_after_it_is_removed
                credentials_are_listed_by_account
                a_credential_of_an_account_that_does_not_exist_is_refused
                credentials_are_listed_by_their_owner
                a_credential_changes_hands
            }
            deployment {
                the_facts_are_written_once
                facts_written_at_the_same_time_are_written_once
                the_time_last_written_is_remembered_even_when_it_is_earlier
                the_clock_is_ahead_by_the_sum_of_its_moves
                the_clocks_offset_and_the_time_last_seen_do_not_touch_each_other
            }
            domain_keys {
                domain_keys_are_listed_in_the_order_of_numbers
                a_number_is_given_to_one_domain_key_only
                a_destroyed_domain_key_is_gone
                a_domain_key_with_rows_under_it_is_not_destroyed
                nothing_is_stored_under_a_destroyed_domain_key
            }
            entities {
                every_column_of_an_entity_survives
                an_entity_is_replaced_whole
                an_entity_is_found_with_the_change_that_wrote_it
                an_entity_is_found_by_every_spelling_and_keeps_its_own
                an_entity_is_found_in_its_account_and_kind_only
                an_entity_is_found_by_its_unique_id_in_any_account
                a_unique_id_stands_once
                an_entity_is_renamed_in_one_change
                an_entity_is_gone_after_it_is_removed
                an_entity_of_an_account_that_does_not_exist_is_refused
                entities_are_listed_in_the_order_of_folded_names_page_by_page
                entities_are_listed_by_the_beginning_of_their_path
                entities_are_counted_by_account_and_kind
                referrers_are_those_that_name_the_target_now
                referrers_are_listed_by_kind_and_name_page_by_page
            }
            grants {
                every_column_of_a_grant_survives
                a_grant_is_replaced_whole
                a_grant_is_found_in_its_key_only
                a_grant_is_gone_after_it_is_removed
                a_named_grant_is_found_by_its_fingerprint_in_its_key_only
                a_fingerprint_stands_once_in_a_key
                a_grant_without_a_fingerprint_stands_beside_others
                grants_are_listed_in_the_order_of_ids_page_by_page
                grants_are_listed_by_every_member_of_the_filter
                grants_of_a_grantee_are_those_of_one_key
                retirable_grants_are_those_of_one_region_and_every_account
                a_change_of_grants_counts_in_a_shard_of_their_own
                a_grant_of_a_key_that_does_not_exist_is_refused
                grants_of_several_grantees_come_grantee_by_grantee
            }
            import_wrapping_keys {
                every_column_of_an_import_wrapping_key_survives
                an_import_wrapping_key_is_replaced_by_its_token
                an_import_wrapping_key_is_gone_after_it_is_removed
                expired_import_wrapping_keys_come_earliest_first
            }
            keys {
                every_column_of_a_key_survives
                a_column_of_a_key_alone_survives
                a_key_is_replaced_whole
                a_key_is_found_in_its_account_and_region_only
                keys_are_listed_in_the_order_of_ids_page_by_page
                keys_due_for_deletion_come_earliest_first
                keys_due_for_rotation_are_enabled_primary_ones_earliest_first
                aws_managed_keys_without_a_rotation_are_found
                unsettled_keys_come_earliest_first
                members_are_those_of_one_set_in_the_order_of_regions
                a_deleted_key_takes_everything_with_it_and_nothing_else
                a_deleted_key_takes_a_number_for_each_alias
            }
            last_uses {
                a_last_use_is_found_with_the_change_that_wrote_it
                the_newest_use_wins_whatever_the_order
                a_use_of_a_key_that_is_gone_is_not_remembered
                last_uses_are_those_of_one_key
            }
            limits {
                keys_below_counts_customer_keys_of_one_account_and_region_in_any_state
                keys_below_follows_keys_that_are_written_again_or_change_hands
                grants_below_counts_the_grants_of_one_key
                grant_absent_fails_when_the_key_has_the_fingerprint
                grant_present_fails_when_the_grant_went
                key_absent_fails_when_the_region_holds_the_key
                aliases_below_counts_the_aliases_of_one_key
                tags_at_most_counts_when_the_writes_are_done
                alias_absent_fails_when_there_is_one
                alias_at_fails_when_the_alias_moved_or_went
                key_at_fails_when_the_key_changed_or_went
                racing_changes_do_not_pass_a_limit_together
                credential_present_fails_when_the_access_key_went
                credentials_below_counts_the_access_keys_of_one_owner
                entity_absent_fails_whichever_spelling_is_there
                entity_at_fails_when_the_entity_changed_or_went
                entities_below_counts_one_kind_in_one_account
                not_referenced_fails_while_an_entity_names_the_target
            }
            materials {
                every_column_of_a_material_survives
                a_material_is_replaced_whole
                a_material_is_gone_after_it_is_removed
                materials_due_for_expiry_are_here_and_come_earliest_first
                materials_are_listed_oldest_first
                a_material_is_replaced_by_its_id
                materials_are_those_of_one_key
            }
            outbox {
                audit_records_wait_in_the_order_of_their_changes
                a_delivered_record_is_gone_and_the_others_stay
                a_record_is_delivered_twice_without_harm
                a_failed_change_leaves_no_audit_record
                an_audit_record_is_stored_once
            }
            policies {
                a_policy_is_found_with_the_change_that_wrote_it
                a_policy_is_replaced
                a_key_without_a_policy_has_none
                the_bindings_of_a_policy_are_replaced_with_it
            }
            principal_uses {
                the_newest_use_of_a_principal_wins_whatever_the_order
                a_use_of_a_principal_that_is_gone_is_not_remembered
                a_last_use_goes_with_the_principal
                last_uses_of_principals_do_not_touch_each_other
            }
            resealing {
                rows_of_every_table_are_stale_after_a_rotation
                nothing_is_stale_once_every_row_is_resealed
                a_resealed_row_reads_as_before_but_for_its_seal
                a_resealed_row_takes_a_number
                a_row_that_changed_meanwhile_keeps_its_seal
                material_that_went_or_came_meanwhile_keeps_its_place
                material_that_is_gone_is_resealed_by_its_code_alone
                a_row_that_went_meanwhile_stays_gone
                a_value_sealed_before_a_rotation_and_stored_after_is_stale
                stale_rows_come_in_bounded_lists
            }
            services {
                every_column_of_a_service_survives
                a_service_is_replaced_whole
                a_service_is_found_by_name_and_account
                a_service_is_gone_after_it_is_removed
                services_are_listed_by_name_and_account
                a_service_of_an_account_that_does_not_exist_is_refused
            }
            tags {
                tags_are_listed_by_the_bytes_of_their_keys
                a_tag_is_replaced_by_its_key
                a_tag_is_gone_after_it_is_removed
                tags_are_those_of_one_key
            }
            trail {
                a_cursor_is_found_by_its_name_where_it_was_put_last
                every_column_of_a_log_file_survives
                a_log_file_is_replaced_whole_and_keeps_its_values
                a_log_file_is_gone_with_its_values_after_it_is_removed
                values_stand_once_and_only_of_a_log_file_that_exists
                matching_files_are_those_of_one_account_and_region_newest_first
                matching_files_are_listed_page_by_page_when_times_are_alike
                matching_files_may_hold_an_event_of_the_range
                matching_files_hold_the_value
                files_are_listed_by_name_page_by_page
                the_newest_file_is_the_one_delivered_last
                files_are_found_by_the_lines_they_were_made_of
                a_file_is_undigested_until_a_digest_lists_it
                staged_files_and_digests_are_those_on_their_way
                indexed_files_are_those_with_a_filter_oldest_first
                scopes_are_those_with_a_file_or_digest
                every_column_of_a_digest_survives
                digests_are_listed_oldest_first_and_the_newest_is_found
                signing_keys_are_those_of_one_region_oldest_first
            }
        }
    };
    (@each $fresh:ident $($aggregate:ident { $($test:ident)+ })+) => { $(
        mod $aggregate { $(
            #[::tokio::test]
            async fn $test() {
                let rows = ::std::sync::Arc::new($crate::conformance::NumberedKeys::new(1));
                let (store, _guard) = super::$fresh(::std::sync::Arc::clone(&rows)).await;
                let subject = $crate::conformance::Subject { store, rows };
                $crate::conformance::$aggregate::$test(&subject).await;
            }
        )+ }
    )+ };
}

#[cfg(test)]
mod tests {
    /// The one table and the files it names, so that no test is written and never run.
    #[test]
    fn every_conformance_test_is_in_the_table() {
        let table = include_str!("conformance.rs");
        let mut count = 0;
        for file in [
            include_str!("conformance/accounts.rs"),
            include_str!("conformance/aliases.rs"),
            include_str!("conformance/change.rs"),
            include_str!("conformance/credentials.rs"),
            include_str!("conformance/deployment.rs"),
            include_str!("conformance/domain_keys.rs"),
            include_str!("conformance/entities.rs"),
            include_str!("conformance/grants.rs"),
            include_str!("conformance/import_wrapping_keys.rs"),
            include_str!("conformance/keys.rs"),
            include_str!("conformance/last_uses.rs"),
            include_str!("conformance/limits.rs"),
            include_str!("conformance/materials.rs"),
            include_str!("conformance/outbox.rs"),
            include_str!("conformance/policies.rs"),
            include_str!("conformance/principal_uses.rs"),
            include_str!("conformance/resealing.rs"),
            include_str!("conformance/services.rs"),
            include_str!("conformance/tags.rs"),
            include_str!("conformance/trail.rs"),
        ] {
            for rest in file.split("\npub async fn ").skip(1) {
                let name = rest.split('(').next().unwrap();
                assert!(
                    table.lines().any(|line| line.trim() == name),
                    "{name} is not in the table"
                );
                count += 1;
            }
        }
        assert!(count >= 130, "only {count} conformance tests");
    }
}
