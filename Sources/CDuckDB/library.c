// Finds libduckdb at run time and hands every call on to it.
//
// It is not linked: a subscriber's commands run on machines that have no engine, and where one is
// missing the program itself says so, rather than the system's loader.
#include "duckdb.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

// The engine that Bourse was tested with: what it may show of hidden rows depends on it.
#define VERSION "v1.5.5"

#define FUNCTIONS(X) \
    X(const char *, duckdb_library_version, (void), ()) \
    X(void, duckdb_free, (void *pointer), (pointer)) \
    X(duckdb_state, duckdb_create_config, (duckdb_config *out_config), (out_config)) \
    X(duckdb_state, duckdb_set_config, \
      (duckdb_config config, const char *name, const char *option), (config, name, option)) \
    X(void, duckdb_destroy_config, (duckdb_config *config), (config)) \
    X(duckdb_state, duckdb_open_ext, \
      (const char *path, duckdb_database *out_database, duckdb_config config, char **out_error), \
      (path, out_database, config, out_error)) \
    X(void, duckdb_close, (duckdb_database *database), (database)) \
    X(duckdb_state, duckdb_connect, \
      (duckdb_database database, duckdb_connection *out_connection), (database, out_connection)) \
    X(void, duckdb_disconnect, (duckdb_connection *connection), (connection)) \
    X(void, duckdb_interrupt, (duckdb_connection connection), (connection)) \
    X(duckdb_state, duckdb_query, \
      (duckdb_connection connection, const char *query, duckdb_result *out_result), \
      (connection, query, out_result)) \
    X(duckdb_state, duckdb_prepare, \
      (duckdb_connection connection, const char *query, \
       duckdb_prepared_statement *out_statement), \
      (connection, query, out_statement)) \
    X(const char *, duckdb_prepare_error, (duckdb_prepared_statement statement), (statement)) \
    X(void, duckdb_destroy_prepare, (duckdb_prepared_statement *statement), (statement)) \
    X(duckdb_statement_type, duckdb_prepared_statement_type, \
      (duckdb_prepared_statement statement), (statement)) \
    X(idx_t, duckdb_nparams, (duckdb_prepared_statement statement), (statement)) \
    X(duckdb_state, duckdb_bind_null, \
      (duckdb_prepared_statement statement, idx_t index), (statement, index)) \
    X(duckdb_state, duckdb_bind_boolean, \
      (duckdb_prepared_statement statement, idx_t index, bool value), (statement, index, value)) \
    X(duckdb_state, duckdb_bind_int64, \
      (duckdb_prepared_statement statement, idx_t index, int64_t value), \
      (statement, index, value)) \
    X(duckdb_state, duckdb_bind_double, \
      (duckdb_prepared_statement statement, idx_t index, double value), \
      (statement, index, value)) \
    X(duckdb_state, duckdb_bind_varchar_length, \
      (duckdb_prepared_statement statement, idx_t index, const char *value, idx_t length), \
      (statement, index, value, length)) \
    X(duckdb_state, duckdb_bind_blob, \
      (duckdb_prepared_statement statement, idx_t index, const void *data, idx_t length), \
      (statement, index, data, length)) \
    X(duckdb_state, duckdb_pending_prepared, \
      (duckdb_prepared_statement statement, duckdb_pending_result *out_pending), \
      (statement, out_pending)) \
    X(duckdb_state, duckdb_pending_prepared_streaming, \
      (duckdb_prepared_statement statement, duckdb_pending_result *out_pending), \
      (statement, out_pending)) \
    X(const char *, duckdb_pending_error, (duckdb_pending_result pending), (pending)) \
    X(duckdb_state, duckdb_execute_pending, \
      (duckdb_pending_result pending, duckdb_result *out_result), (pending, out_result)) \
    X(void, duckdb_destroy_pending, (duckdb_pending_result *pending), (pending)) \
    X(duckdb_state, duckdb_appender_create, \
      (duckdb_connection connection, const char *schema, const char *table, \
       duckdb_appender *out_appender), \
      (connection, schema, table, out_appender)) \
    X(const char *, duckdb_appender_error, (duckdb_appender appender), (appender)) \
    X(duckdb_state, duckdb_appender_clear, (duckdb_appender appender), (appender)) \
    X(duckdb_state, duckdb_appender_close, (duckdb_appender appender), (appender)) \
    X(duckdb_state, duckdb_appender_destroy, (duckdb_appender *appender), (appender)) \
    X(duckdb_state, duckdb_appender_end_row, (duckdb_appender appender), (appender)) \
    X(duckdb_state, duckdb_append_null, (duckdb_appender appender), (appender)) \
    X(duckdb_state, duckdb_append_bool, \
      (duckdb_appender appender, bool value), (appender, value)) \
    X(duckdb_state, duckdb_append_int64, \
      (duckdb_appender appender, int64_t value), (appender, value)) \
    X(duckdb_state, duckdb_append_double, \
      (duckdb_appender appender, double value), (appender, value)) \
    X(duckdb_state, duckdb_append_varchar_length, \
      (duckdb_appender appender, const char *value, idx_t length), (appender, value, length)) \
    X(duckdb_state, duckdb_append_blob, \
      (duckdb_appender appender, const void *data, idx_t length), (appender, data, length)) \
    X(void, duckdb_destroy_result, (duckdb_result *result), (result)) \
    X(const char *, duckdb_result_error, (duckdb_result *result), (result)) \
    X(duckdb_error_type, duckdb_result_error_type, (duckdb_result *result), (result)) \
    X(idx_t, duckdb_column_count, (duckdb_result *result), (result)) \
    X(const char *, duckdb_column_name, (duckdb_result *result, idx_t column), (result, column)) \
    X(duckdb_logical_type, duckdb_column_logical_type, \
      (duckdb_result *result, idx_t column), (result, column)) \
    X(idx_t, duckdb_rows_changed, (duckdb_result *result), (result)) \
    X(duckdb_data_chunk, duckdb_fetch_chunk, (duckdb_result result), (result)) \
    X(void, duckdb_destroy_data_chunk, (duckdb_data_chunk *chunk), (chunk)) \
    X(idx_t, duckdb_data_chunk_get_size, (duckdb_data_chunk chunk), (chunk)) \
    X(duckdb_vector, duckdb_data_chunk_get_vector, \
      (duckdb_data_chunk chunk, idx_t column), (chunk, column)) \
    X(void *, duckdb_vector_get_data, (duckdb_vector vector), (vector)) \
    X(uint64_t *, duckdb_vector_get_validity, (duckdb_vector vector), (vector)) \
    X(duckdb_vector, duckdb_list_vector_get_child, (duckdb_vector vector), (vector)) \
    X(idx_t, duckdb_list_vector_get_size, (duckdb_vector vector), (vector)) \
    X(duckdb_vector, duckdb_struct_vector_get_child, \
      (duckdb_vector vector, idx_t index), (vector, index)) \
    X(duckdb_vector, duckdb_array_vector_get_child, (duckdb_vector vector), (vector)) \
    X(void, duckdb_destroy_logical_type, (duckdb_logical_type *type), (type)) \
    X(duckdb_type, duckdb_get_type_id, (duckdb_logical_type type), (type)) \
    X(char *, duckdb_logical_type_get_alias, (duckdb_logical_type type), (type)) \
    X(uint8_t, duckdb_decimal_width, (duckdb_logical_type type), (type)) \
    X(uint8_t, duckdb_decimal_scale, (duckdb_logical_type type), (type)) \
    X(uint32_t, duckdb_enum_dictionary_size, (duckdb_logical_type type), (type)) \
    X(char *, duckdb_enum_dictionary_value, \
      (duckdb_logical_type type, idx_t index), (type, index)) \
    X(duckdb_logical_type, duckdb_list_type_child_type, (duckdb_logical_type type), (type)) \
    X(duckdb_logical_type, duckdb_array_type_child_type, (duckdb_logical_type type), (type)) \
    X(idx_t, duckdb_array_type_array_size, (duckdb_logical_type type), (type)) \
    X(duckdb_logical_type, duckdb_map_type_key_type, (duckdb_logical_type type), (type)) \
    X(duckdb_logical_type, duckdb_map_type_value_type, (duckdb_logical_type type), (type)) \
    X(idx_t, duckdb_struct_type_child_count, (duckdb_logical_type type), (type)) \
    X(char *, duckdb_struct_type_child_name, \
      (duckdb_logical_type type, idx_t index), (type, index)) \
    X(duckdb_logical_type, duckdb_struct_type_child_type, \
      (duckdb_logical_type type, idx_t index), (type, index)) \
    X(idx_t, duckdb_union_type_member_count, (duckdb_logical_type type), (type)) \
    X(char *, duckdb_union_type_member_name, \
      (duckdb_logical_type type, idx_t index), (type, index)) \
    X(duckdb_logical_type, duckdb_union_type_member_type, \
      (duckdb_logical_type type, idx_t index), (type, index))

// A function of the header is one that calls its namesake in the library.
#define FORWARD(result, name, parameters, arguments) \
    static __typeof__(name) *library_##name; \
    result name parameters { return library_##name arguments; }
FUNCTIONS(FORWARD)

static char fault[512];

static void load(void) {
    void *library = dlopen("libduckdb.so", RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(fault, sizeof fault, "%s", dlerror());
        return;
    }
#define FIND(result, name, parameters, arguments) \
    if ((*(void **)&library_##name = dlsym(library, #name)) == NULL) { \
        snprintf(fault, sizeof fault, "libduckdb.so has no %s", #name); \
        return; \
    }
    // First: another version may lack functions, and it is the version that is wrong then.
    FIND(const char *, duckdb_library_version, (void), ())
    const char *version = duckdb_library_version();
    if (strcmp(version, VERSION) != 0) {
        snprintf(fault, sizeof fault, "libduckdb.so is %s", version);
        return;
    }
    FUNCTIONS(FIND)
}

const char *duckdb_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return fault[0] == '\0' ? NULL : fault;
}
