# Asks the service for one answer, then tells what turned out to be true. Needs the packages curl and jsonlite.
#   Rscript ask.R http://127.0.0.1:8080 churn yes     (with MLWRIGHT_API_KEY where the service wants a key)
library(curl)
library(jsonlite)

given <- commandArgs(trailingOnly = TRUE)
address <- given[1]
model <- given[2]
outcome <- given[3]

ask <- function(path, body = NULL) {
  handle <- new_handle()
  handle_setheaders(handle,
    "content-type" = "application/json",
    "authorization" = paste("Bearer", Sys.getenv("MLWRIGHT_API_KEY"))
  )
  if (!is.null(body)) handle_setopt(handle, postfields = body)
  response <- curl_fetch_memory(paste0(address, "/v1/models/", curl_escape(model), "/", path), handle)
  told <- rawToChar(response$content)
  if (response$status_code >= 300) stop(fromJSON(told)$detail)
  told
}

answer <- ask("predict", ask("example"))
cat(answer, "\n")
id <- fromJSON(answer)$predictions$id[1]
told <- list(outcomes = list(list(id = unbox(id), outcome = unbox(outcome))))
cat(ask("outcomes", toJSON(told)), "\n")
